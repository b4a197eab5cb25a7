"""Arrays from .npy and .npz files, mapped into memory if possible, and never unpickled."""

import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, did_you_mean

NPY = b"\x93NUMPY"
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""A zip member's signature, and the lengths of its name and extra field (PKWARE APPNOTE, 4.3.7)."""


def open_npy(path: Path) -> Array:
    """The array of an .npy file, mapped into memory."""
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY))
        if start != NPY:
            raise ValueError("pickle" if start[:1] == b"\x80" else "it does not start as one")
        return _checked(np.load(path, mmap_mode="r", allow_pickle=False), path)
    except (OSError, ValueError, EOFError) as error:
        raise NnfsError(_reason(path, error)) from None


def open_npz(path: Path, name: str) -> Array:
    """One array of an .npz file, mapped into memory if it is not compressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(member).stem: member for member in archive.namelist() if member.endswith(".npy")}
            if name not in members:
                raise NnfsError(f"{path}: no array {name!r}{did_you_mean(name, members)}")
            info = archive.getinfo(members[name])
            if info.compress_type == zipfile.ZIP_STORED:
                return _checked(_map_member(path, info), path)
            with archive.open(info) as member:
                return _checked(np.lib.format.read_array(member, allow_pickle=False), path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise NnfsError(_reason(path, error)) from None


def read_npz(path: Path, names: Collection[str] | None = None) -> dict[str, Array]:
    """The arrays of an .npz file, or those of them that are among `names`, read into memory."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise NnfsError(f"{path}: damaged: not an .npz file")
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files if names is None or name in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NnfsError(f"{path}: damaged: {error}") from None


def names_in_npz(path: Path) -> list[str]:
    """The names of an .npz file's arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [Path(member).stem for member in archive.namelist() if member.endswith(".npy")]
    except (OSError, zipfile.BadZipFile) as error:
        raise NnfsError(_reason(path, error)) from None


def _map_member(path: Path, info: zipfile.ZipInfo) -> Array:
    """An uncompressed member, mapped into memory where it lies in the archive."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        _, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        file.seek(name + extra, 1)
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file)
        if dtype.hasobject:
            raise ValueError("pickle")
        if 0 in shape:
            return np.empty(shape, dtype)
        return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _checked(array: Array, path: Path) -> Array:
    """Numbers in this machine's byte order; NnfsError for anything but numbers and texts."""
    if array.dtype.kind not in "biufU":
        raise NnfsError(f"{path}: must hold numbers, found an array of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _reason(path: Path, error: Exception) -> str:
    if "pickle" in str(error).lower() or "Python objects" in str(error):
        return f"{path}: holds pickled Python objects, which could run any code when read: save plain numbers"
    if isinstance(error, FileNotFoundError):
        return f"no such file: {path.absolute()}"
    return f"{path}: not a NumPy file that can be read: {error}"
