"""A file of a run that grows line by line, and how much of it a checkpoint counts."""

import csv
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from nnfs_cli.core.files import open_to_append
from nnfs_cli.core.os_errors import WriteError, unwritable

CHUNK = 2**20
MOST_UNSYNCED = 2**24
"""The most bytes of rows that stay in memory between two checkpoints."""


class Extent(NamedTuple):
    """The beginning of a file: its size in bytes, and the CRC-32 of these bytes."""

    size: int = 0
    crc: int = 0

    def after(self, more: bytes) -> "Extent":
        """The extent when these bytes were appended."""
        return Extent(self.size + len(more), zlib.crc32(more, self.crc))


def extent_of(file: Path, size: int | None = None) -> Extent:
    """The extent of a file's first `size` bytes, or of as many as it has; of the whole file by default."""
    extent = Extent()
    if file.is_file():
        with file.open("rb") as reader:
            while chunk := reader.read(CHUNK if size is None else min(CHUNK, size - extent.size)):
                extent = extent.after(chunk)
    return extent


def extent_until(file: Path, last: int) -> Extent:
    """The extent of a CSV file's header and of its rows whose first column is at most `last`. Rows ascend."""
    extent = Extent()
    if file.is_file():
        with file.open("rb") as lines:
            for line in lines:
                if extent.size and int(line.split(b",", 1)[0]) > last:
                    break
                extent = extent.after(line)
    return extent


class GrowingTable:
    """A CSV file that rows are appended to.

    extent: of what belongs to the file at first. Whatever else it holds is cut off.

    Rows stay in memory until `sync`: after an error of the disk, all that it may not have is written again.
    """

    def __init__(self, file: Path, extent: Extent) -> None:
        self._file, self._handle = file, -1
        self._synced, self._unsynced, self._written = extent.size, bytearray(), 0
        self._has_header, self._extent = bool(extent.size), extent
        self._lines: list[str] = []  # rows since the last flush: to encode and sum up many at once is fast
        self._writer = csv.writer(SimpleNamespace(write=self._lines.append), lineterminator="\n")
        if file.is_file() and file.stat().st_size > extent.size:
            with self._starting_again():
                os.fsync(self._opened())

    def append(self, header: Iterable[str], row: Iterable[Any]) -> None:
        """Append a row, and before the first one the header."""
        if not self._has_header:
            self._writer.writerow(header)
            self._has_header = True
        self._writer.writerow(row)

    @property
    def extent(self) -> Extent:
        """The extent of all rows, written or not."""
        if self._lines:
            lines = "".join(self._lines).encode()
            self._lines.clear()
            self._unsynced += lines
            self._extent = self._extent.after(lines)
        return self._extent

    def flush(self) -> None:
        """Write all rows to the file. WriteError if it does not take them all."""
        whole = self.extent.size
        with self._starting_again():
            while self._synced + self._written < whole:
                self._written += os.write(self._opened(), self._unsynced[self._written :])
        if len(self._unsynced) > MOST_UNSYNCED:
            self._make_safe()

    def sync(self) -> None:
        """Write all rows, and wait until the disk has them. WriteError if it does not take them all."""
        self.flush()
        self._make_safe()

    def _make_safe(self) -> None:
        """Wait until the disk has what was written; then it need not be written again."""
        if self._unsynced:
            with self._starting_again():
                os.fsync(self._opened())
            self._synced += len(self._unsynced)
            self._unsynced.clear()
            self._written = 0

    def close(self) -> None:
        """Write all rows, and close the file. A further row opens it again."""
        try:
            self.sync()
        finally:
            self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        self._written = 0
        if handle >= 0:
            os.close(handle)

    @contextmanager
    def _starting_again(self) -> Iterator[None]:
        """After an error in the `with` block, the next attempt begins behind the last row that is safe.

        A disk that could not sync may say the next time that all is well, though it lost what it was given.
        """
        try:
            yield
        except OSError as error:
            with suppress(OSError):
                self._close()
            raise unwritable(self._file, error) from None

    def _opened(self) -> int:
        """The open file, without what follows the last row that is safe."""
        if self._handle < 0:
            self._handle = open_to_append(self._file)
            size = os.fstat(self._handle).st_size
            if size < self._synced:
                raise WriteError(f"cannot write {self._file}: rows that were in it are gone")
            if size > self._synced:
                os.ftruncate(self._handle, self._synced)
        return self._handle


def damage_of(file: Path, extent: Extent) -> str:
    """What is wrong with a file unless it begins as the extent says; an empty text if it does."""
    found = extent_of(file, extent.size)
    if found.size < extent.size:
        return f"rows are missing: it has {found.size} bytes, and its checkpoint counts {extent.size}"
    return "" if found == extent else "damaged or edited: its rows are not those that were written"
