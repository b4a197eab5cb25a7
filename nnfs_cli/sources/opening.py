"""Data files, opened: regular files alone, decompressed if they are gzip."""

import gzip
import stat
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

from nnfs_cli.core.errors import NnfsError

GZIP = b"\x1f\x8b"
NOT_UNPACKED = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised for gzip files that are damaged."""
DEFLATED = 1032
"""How many bytes a compressed byte stands for at most (zlib's technical notes)."""
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe; give `-` and let it be standard input, where a command reads that"),
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
        raise _unreadable(path, error) from None


def require_file(path: Path) -> None:
    """Raise NnfsError for what is no file, without opening it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _unreadable(path, error) from None
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in KINDS if is_kind(mode)), "of another kind")
        raise NnfsError(f"{path}: must be a file, found {kind}")


def open_bytes(path: Path) -> IO[bytes]:
    """A file's content, decompressed if it is gzip, whatever its name."""
    with open_file(path) as file:
        compressed = file.read(2) == GZIP
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else open_file(path)


def first_bytes(path: Path, count: int) -> bytes:
    """How a file's content begins, decompressed if it is gzip."""
    with open_bytes(path) as file:
        try:
            return file.read(count)
        except NOT_UNPACKED as error:
            raise damaged(path, error) from None
        except OSError as error:
            raise _unreadable(path, error) from None


def damaged(source: Path | str, error: Exception) -> NnfsError:
    """The error for a file that cannot be decompressed."""
    return NnfsError(f"{source}: truncated or corrupted ({error}); copy or download it again")


def _unreadable(path: Path, error: OSError) -> NnfsError:
    if isinstance(error, FileNotFoundError):
        return NnfsError(f"no such file: {path.absolute()}")
    return NnfsError(f"{path}: cannot be read: {error.strerror or error}")
