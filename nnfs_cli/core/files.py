"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nnfs_cli.core.errors import NnfsError


@contextmanager
def replacing(
    path: Path, *, durable: bool = False, private: bool = False, former: Path | None = None
) -> Iterator[BinaryIO]:
    """A temporary file to write bytes to. At the end of the `with` block it replaces `path`.

    An older file at `path` stays as it is until then, and stays for good after an error or Ctrl-C.

    durable: wait until the disk has the bytes; then a power cut leaves either the old or the new file.
    private: only the owner may read the file.
    former: where the older file stays after it was replaced; at any moment one of both is there.

    Raises NnfsError if the folder is missing or not writable, or if `path` is a folder.
    """
    # The name cannot be guessed, and an existing file is never opened. So nobody can plant a link there.
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with _create(temporary, path, 0o600 if private else 0o666) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        try:
            if former is not None and path.is_file():
                path.replace(former)
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
