"""A file of a run that grows line by line, and how much of it a checkpoint counts."""

import csv
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

CHUNK = 2**20


class Mark(NamedTuple):
    """The beginning of a file: its size in bytes, and the CRC-32 of these bytes."""

    size: int = 0
    crc: int = 0

    def after(self, more: bytes) -> "Mark":
        """The mark when these bytes were appended."""
        return Mark(self.size + len(more), zlib.crc32(more, self.crc))


def mark_of(file: Path, size: int | None = None) -> Mark:
    """The mark of a file's first `size` bytes, or of as many as it has; of the whole file by default."""
    mark = Mark()
    if file.is_file():
        with file.open("rb") as reader:
            while chunk := reader.read(CHUNK if size is None else min(CHUNK, size - mark.size)):
                mark = mark.after(chunk)
    return mark


def mark_until(file: Path, last: int) -> Mark:
    """The mark of a CSV file's header and of its rows whose first column is at most `last`. Rows ascend."""
    mark = Mark()
    if file.is_file():
        with file.open("rb") as lines:
            for line in lines:
                if mark.size and int(line.split(b",", 1)[0]) > last:
                    break
                mark = mark.after(line)
    return mark


class GrowingTable:
    """A CSV file that rows are appended to.

    mark: of what belongs to the file. Whatever else it holds at first, is cut off.

    Rows wait in memory until `flush`. What a full disk did not take waits for the next one.
    """

    def __init__(self, file: Path, mark: Mark) -> None:
        self._file, self._pending = file, bytearray()
        self._handle: int | None = None
        self._is_synced = True
        self.mark = mark
        self._writer = csv.writer(self, lineterminator="\n")
        if file.is_file() and file.stat().st_size > mark.size:
            os.ftruncate(self._opened(), mark.size)
            self._is_synced = False
            self.sync()

    def append(self, header: Iterable[str], row: Iterable[Any]) -> None:
        """Append a row, and before the first one the header."""
        if not self.mark.size:
            self._writer.writerow(header)
        self._writer.writerow(row)

    def write(self, text: str) -> None:
        """Take the text of a row from the csv module."""
        line = text.encode()
        self._pending += line
        self.mark = self.mark.after(line)

    def flush(self) -> None:
        """Write all rows to the file. OSError if it does not take them all."""
        while self._pending:
            self._is_synced = False
            try:
                del self._pending[: os.write(self._opened(), self._pending)]
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._file)) from None

    def sync(self) -> None:
        """Write all rows, and wait until the disk has them."""
        self.flush()
        if not self._is_synced:
            os.fsync(self._opened())
            self._is_synced = True

    def close(self) -> None:
        """Write all rows, and close the file. A further row opens it again."""
        try:
            self.flush()
        finally:
            if self._handle is not None:
                handle, self._handle = self._handle, None
                os.close(handle)

    def _opened(self) -> int:
        if self._handle is None:
            # Never through a link, which could lie in a run from someone else and lead out of its folder.
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            more = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_BINARY", "O_CLOEXEC"))
            self._handle = os.open(self._file, flags | sum(more), 0o666)
        return self._handle


def damage_of(file: Path, mark: Mark) -> str:
    """What is wrong with a file unless it begins as the mark says; an empty text if it does."""
    found = mark_of(file, mark.size)
    if found.size < mark.size:
        return f"rows are missing: it has {found.size} bytes, and its checkpoint counts {mark.size}"
    return "" if found == mark else "damaged or edited: its rows are not those that were written"
