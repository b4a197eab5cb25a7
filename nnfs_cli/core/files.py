"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nnfs_cli.core.errors import NnfsError


@contextmanager
def replacing(path: Path, *, durable: bool = False, private: bool = False) -> Iterator[BinaryIO]:
    """A file to write bytes to, which takes the place of `path` at the end of the block.

    Until then an older file stays as it is; after an error, Ctrl-C included, for good.

    durable: the disk has the bytes before the file takes its place, so that a power cut leaves old or new.
    private: nobody but its owner may read the file.

    NnfsError where the folder is missing or not writable, or `path` is a folder.
    """
    # Nobody can guess the name, and what exists is never opened: no link planted there is followed.
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with _create(temporary, path, 0o600 if private else 0o666) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        try:
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _create(temporary: Path, path: Path, permissions: int) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(temporary, flags, permissions), "wb")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> NnfsError:
    folder = path.absolute().parent
    why = error.strerror if folder.is_dir() else f"there is no folder {folder}"
    return NnfsError(f"cannot write {path}: {why}")
