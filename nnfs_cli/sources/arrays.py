"""Arrays from .npy and .npz files, mapped into memory if possible, and never unpickled."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError, listed, nearest
from nnfs_cli.core.os_errors import unread
from nnfs_cli.sources.archive import Archive, open_archive
from nnfs_cli.sources.npy import HEADER, Layout, PickleError
from nnfs_cli.sources.opening import open_file

UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, SyntaxError, TypeError, OverflowError, struct.error,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise for files that are damaged."""


def open_npy(path: Path) -> Array:
    """The array of an .npy file, mapped into memory."""
    try:
        with open_file(path) as file:
            layout = Layout.of(file.read(HEADER), file.seek(0, 2))
        return _checked(layout.map(path), str(path))
    except UNREADABLE as error:
        raise unread(path, error, _reason(path, error)) from None


def open_npz(path: Path, name: str) -> Array:
    """One array of an .npz file, mapped into memory if it is not compressed."""
    try:
        with open_archive(path) as archive:
            if name not in archive.names:
                raise NnfsError(f"{path}: no array {name!r}{_there_are(archive, name)}")
            return _checked(archive.open(name), f"{path}: {name}")
    except UNREADABLE as error:
        raise unread(path, error, _reason(path, error, name)) from None


def read_npz(path: Path, names: Collection[str] | None = None) -> dict[str, Array]:
    """The arrays of an .npz file, or those of them that are among `names`, read into memory."""
    try:
        with open_archive(path) as archive:
            return {name: archive.read(name) for name in archive.names if names is None or name in names}
    except UNREADABLE as error:
        raise unread(path, error, f"{path}: damaged: {error}") from None


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
        with open_archive(path) as archive:
            return {name: archive.layout(name).shape for name in archive.names}
    except UNREADABLE as error:
        raise unread(path, error, _reason(path, error)) from None


def _there_are(archive: Archive, wanted: str) -> str:
    """The arrays of an archive with their shapes, after the name that is most similar to the wanted one."""
    layouts = {name: archive.layout(name) for name in archive.names}
    close = nearest(wanted, layouts)
    shown = [f"{name} {layout.shape} of {layout.dtype}" for name, layout in layouts.items()]
    return (f"; did you mean {close!r}?" if close else ";") + f" it has {listed(shown, 12) or 'none'}"


def _checked(array: Array, place: str) -> Array:
    """Numbers in this machine's byte order, or texts; NnfsError for anything else."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biufU":
        raise NnfsError(f"{place}: must hold numbers or texts, found shape {array.shape} of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _reason(path: Path, error: Exception, name: str = "") -> str:
    if isinstance(error, PickleError):
        place = f"{path}: {name}" if name else str(path)
        return (
            f"{place}: holds pickled Python objects, which could run any code when read: save plain numbers "
            f"or texts, as with .astype(float) or .astype(str)"
        )
    return f"{path}: not a NumPy file that can be read: {error}"
