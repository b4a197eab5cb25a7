"""Arrays from .npy and .npz files, mapped into memory if possible, and never unpickled."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError, listed, nearest

NPY = b"\x93NUMPY"
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""A zip member's signature, and the lengths of its name and extra field (PKWARE APPNOTE, 4.3.7)."""

UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, SyntaxError, TypeError, OverflowError, struct.error,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise for files that are damaged, or encrypted."""


def open_npy(path: Path) -> Array:
    """The array of an .npy file, mapped into memory."""
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY))
        if start != NPY:
            raise ValueError("pickle" if start[:1] == b"\x80" else "it does not start as one")
        return _checked(np.load(path, mmap_mode="r", allow_pickle=False), str(path))
    except UNREADABLE as error:
        raise NnfsError(_reason(path, error)) from None


def open_npz(path: Path, name: str) -> Array:
    """One array of an .npz file, mapped into memory if it is not compressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            if f"{name}.npy" not in archive.namelist():
                raise NnfsError(f"{path}: no array {name!r}{_there_are(archive, name)}")
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                if info.compress_type == zipfile.ZIP_STORED:
                    array = _map_member(path, info)
                else:
                    array = np.lib.format.read_array(member, allow_pickle=False)
        return _checked(array, f"{path}: {name}")
    except UNREADABLE as error:
        raise NnfsError(_reason(path, error, name)) from None


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


def open_rows(path: Path, preferred: Sequence[str]) -> tuple[Array, str, tuple[str, ...]]:
    """An .npz file's array of rows to answer for, its name, and the names of others with such rows.

    It is the first of the `preferred` ones that the file has, or else its only one.
    """
    shapes = shapes_in_npz(path)
    only = next(iter(shapes)) if len(shapes) == 1 else preferred[0]
    chosen = next((name for name in preferred if name in shapes), only)
    x = open_npz(path, chosen)
    alike = (name for name, shape in shapes.items() if len(shape) > 1 and shape[1:] == x.shape[1:])
    return x, chosen, tuple(name for name in alike if name != chosen)


def shapes_in_npz(path: Path) -> dict[str, Shape]:
    """The names of an .npz file's arrays, and their shapes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: shape for name, (shape, _) in _headers(archive).items()}
    except UNREADABLE as error:
        raise NnfsError(_reason(path, error)) from None


def _headers(archive: zipfile.ZipFile) -> dict[str, tuple[Shape, np.dtype[Any]]]:
    """The names of an archive's arrays, with their shapes and types."""
    found = {}
    for name in archive.namelist():
        if name.endswith(".npy"):
            with archive.open(name) as member:
                shape, _, dtype = _header(member)
            found[name.removesuffix(".npy")] = shape, dtype
    return found


def _there_are(archive: zipfile.ZipFile, wanted: str) -> str:
    """The arrays of an archive with their shapes, after the name that is most similar to the wanted one."""
    headers = _headers(archive)
    close = nearest(wanted, headers)
    shown = [f"{name} {shape} of {dtype}" for name, (shape, dtype) in headers.items()]
    return (f"; did you mean {close!r}?" if close else ";") + f" it has {listed(shown, 12) or 'none'}"


def _header(file: IO[bytes]) -> tuple[Shape, bool, np.dtype[Any]]:
    """Shape, whether the first index varies fastest, and type, from the start of an .npy file."""
    if np.lib.format.read_magic(file) == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _map_member(path: Path, info: zipfile.ZipInfo) -> Array:
    """An uncompressed member, mapped into memory where it lies in the archive."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        _, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        file.seek(name + extra, 1)
        begin = file.tell()
        shape, fortran, dtype = _header(file)
        if dtype.hasobject:
            raise ValueError("pickle")
        if 0 in shape or dtype.itemsize == 0:
            return np.empty(shape, dtype)
        array = np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")
        if file.tell() + array.nbytes > begin + info.file_size:
            raise ValueError(f"{info.filename} is truncated")
        return array


def _checked(array: Array, place: str) -> Array:
    """Numbers in this machine's byte order, or texts; NnfsError for anything else."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biufU":
        raise NnfsError(f"{place}: must hold numbers or texts, found shape {array.shape} of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _reason(path: Path, error: Exception, name: str = "") -> str:
    if "pickle" in str(error).lower() or "Python objects" in str(error):
        place = f"{path}: {name}" if name else str(path)
        return (
            f"{place}: holds pickled Python objects, which could run any code when read: save plain numbers "
            f"or texts, as with .astype(float) or .astype(str)"
        )
    if isinstance(error, FileNotFoundError):
        return f"no such file: {path.absolute()}"
    return f"{path}: not a NumPy file that can be read: {error}"
