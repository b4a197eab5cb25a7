"""Data files, opened: regular files alone, decompressed if they are gzip."""

import gzip
import stat
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.os_errors import unreadable

GZIP = b"\x1f\x8b"
NOT_UNPACKED = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised for gzip files that are damaged."""
PART = 1 << 20
"""Bytes that are read at a time."""
DEFLATED = 1032
"""How many bytes a compressed byte can stand for (zlib's technical notes)."""
LARGE, USUAL = 1 << 30, 100
"""Of more bytes than LARGE, a compressed one stands for less than USUAL in files that are no bombs."""
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What is no file. Reading it may wait, or last, for ever."""


def open_file(path: Path) -> BinaryIO:
    """A file's bytes; NnfsError for what is no file, and for one that cannot be read."""
    require_file(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def require_file(path: Path) -> None:
    """Raise NnfsError for what is no file, without opening it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in KINDS if is_kind(mode)), "of another kind")
        raise NnfsError(f"{path}: must be a file, found {kind}")


def most_unpacked(packed: int) -> int:
    """How many bytes so many compressed ones may become."""
    return min(DEFLATED * packed, max(USUAL * packed, LARGE))


class _Unpacked(gzip.GzipFile):
    """A gzip file's content; NnfsError where it becomes too long."""

    def __init__(self, path: Path) -> None:
        self._path, self._most = path, most_unpacked(path.stat().st_size)
        super().__init__(path, "rb")

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        if self.tell() > self._most:
            raise NnfsError(
                f"{self._path}: unpacks to more than {self._most:,} bytes, as no usual file does; "
                f"if it is right, decompress it first, as with `gzip -d`"
            )
        return part


def open_bytes(path: Path) -> BinaryIO:
    """A file's content, decompressed if it is gzip, whatever its name. NnfsError for a gzip bomb."""
    packed, _ = stored(path)
    return cast(BinaryIO, _Unpacked(path)) if packed else open_file(path)


def stored(path: Path) -> tuple[bool, int]:
    """Whether a file is gzip, and its size as it is stored."""
    with open_file(path) as file:
        try:
            return file.read(2) == GZIP, file.seek(0, 2)
        except OSError as error:
            raise unreadable(path, error) from None


def first_bytes(path: Path, count: int) -> bytes:
    """How a file's content begins, decompressed if it is gzip."""
    with open_bytes(path) as file:
        try:
            return file.read(count)
        except NOT_UNPACKED as error:
            raise damaged(path, error) from None
        except OSError as error:
            raise unreadable(path, error) from None


def crc32(file: BinaryIO, size: int = sys.maxsize) -> int:
    """The CRC-32 of the next `size` bytes, or of all that follow."""
    crc = 0
    while size and (part := file.read(min(size, PART))):
        crc, size = zlib.crc32(part, crc), size - len(part)
    return crc


def damaged(source: Path | str, error: Exception) -> NnfsError:
    """The error for a file that cannot be decompressed."""
    return NnfsError(f"{source}: truncated or corrupted ({error}); copy or download it again")
