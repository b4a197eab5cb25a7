"""Rows gathered piece by piece into one array: in memory or, if they are many, in a file that is mapped."""

import errno
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, row_slices
from nnfs_cli.core.files import make_folder
from nnfs_cli.core.memory import require_memory, shortage
from nnfs_cli.core.os_errors import WriteError
from nnfs_cli.sources.cache import cache_folder

MANY = 2**28
"""Bytes of rows that stay in memory, if it has room to join them; more go to a file."""
NUMBERS = 2**23
"""How many numbers are made at a time of rows that may be in a file."""


class Gathered:
    """Rows of one shape, added piece by piece. Their type becomes the least that holds all pieces.

    The file is in the cache folder, has no name, and ends with the array. Where the disk does not take the
    rows, or has less than twice the room, they stay in memory.

    what, remedy: for the NnfsError where memory does not hold them either.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self._what, self._remedy = what, remedy
        self._pieces: list[Array] = []
        self._file: _RowFile | None = None
        self._disk_takes_them = True

    def expect(self, size: int) -> None:
        """Raise NnfsError if neither memory nor the disk has room for `size` bytes."""
        try:
            fits = not shortage(size) or size <= _room()
        except (OSError, WriteError):
            fits = False
        if not fits:
            require_memory(size, self._what, self._remedy)

    def add(self, rows: Array) -> None:
        """Add rows (n, ...)."""
        self._pieces.append(rows)
        size = _size(self._pieces)
        if size > MANY or shortage(size):
            self._move_to_file()
            require_memory(_size(self._pieces), self._what, self._remedy)  # to join what is left

    def whole(self) -> Array:
        """All rows (N, ...), of which there must be some. Nothing can be added any more."""
        if self._file is None:
            return _joined(self._pieces)
        self._move_to_file()
        pieces = [*self._file.pieces(), *self._pieces]
        if len(pieces) == 1:
            return pieces[0]
        dtype = np.result_type(*pieces)  # a later piece had a wider type
        try:
            file = _RowFile()
            for piece in pieces:
                for here in row_slices(piece, len(piece), NUMBERS):
                    file.append(piece[here].astype(dtype))
            return file.pieces()[0]
        except (OSError, WriteError):
            size = sum(piece.size for piece in pieces) * dtype.itemsize
            require_memory(size, self._what, self._remedy)
            return _joined(pieces)

    def _move_to_file(self) -> None:
        """Move the pieces from memory to the file, as far as the disk takes them."""
        try:
            while self._disk_takes_them and self._pieces:
                self._file = self._file or _RowFile()
                self._file.append(self._pieces[0])
                del self._pieces[0]
        except (OSError, WriteError):
            self._disk_takes_them = False


class _RowFile:
    """Rows in a file without a name. OSError or WriteError if the disk does not take them."""

    def __init__(self) -> None:
        self._room = _room()
        self._file = tempfile.TemporaryFile(dir=cache_folder(), buffering=0)  # noqa: SIM115  it stays open
        weakref.finalize(self, self._file.close)
        self._stretches: list[_Stretch] = []

    def append(self, rows: Array) -> None:
        """Write rows (n, ...) at the end."""
        self._room -= rows.nbytes
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = np.ascontiguousarray(rows).data.cast("B")
        while rest:
            rest = rest[self._file.write(rest) :]
        count = len(rows)
        if self._stretches and self._stretches[-1].dtype == rows.dtype:
            count += self._stretches.pop().shape[0]
        self._stretches.append(_Stretch(rows.dtype, (count, *rows.shape[1:])))

    def pieces(self) -> list[Array]:
        """The rows, mapped into memory: one array for each stretch of one type."""
        pieces, start = list[Array](), 0
        for each in self._stretches:
            piece = np.memmap(self._file, each.dtype, "r", start, each.shape)
            pieces.append(piece)
            start += piece.nbytes
        return pieces


@dataclass(frozen=True)
class _Stretch:
    """Successive rows of one type in a file."""

    dtype: np.dtype[Any]
    shape: Shape


def _room() -> int:
    """The bytes that the cache folder's disk may be asked for: half of what is free."""
    make_folder(cache_folder())
    return shutil.disk_usage(cache_folder()).free // 2


def _size(pieces: Iterable[Array]) -> int:
    return sum(piece.nbytes for piece in pieces)


def _joined(pieces: list[Array]) -> Array:
    """One array of the pieces. Empties the list, to save memory."""
    if len(pieces) == 1:
        return pieces.pop()
    whole = np.empty((sum(map(len, pieces)), *pieces[0].shape[1:]), np.result_type(*pieces))
    end = len(whole)
    while pieces:
        piece = pieces.pop()
        whole[end - len(piece) : end] = piece
        end -= len(piece)
    return whole
