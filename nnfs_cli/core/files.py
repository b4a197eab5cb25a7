"""The one way to write files: whole or not at all, and never through a link that the user did not name."""

import errno
import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nnfs_cli.core.folders import Folder, open_folder
from nnfs_cli.core.os_errors import WriteError, undeletable, unwritable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BUFFER = 2**16
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
SAFE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
DESCRIPTOR = re.compile(r"/dev/(?P<name>stdout|stderr)|/(?:dev|proc/self)/fd/(?P<number>\d+)")
STANDARD = {"stdout": 1, "stderr": 2}


@contextmanager
def replacing(
    path: Path,
    *,
    durable: bool = False,
    private: bool = False,
    former: str | None = None,
    inside: Path | None = None,
) -> Iterator[BinaryIO]:
    """A temporary file to write bytes to. At the end of the `with` block it replaces `path`.

    An older file at `path` stays as it is until then, and stays for good after an error or Ctrl-C. The new
    one has its permissions. A link at `path` is replaced, not followed.

    durable: wait until the disk has the bytes; then a power cut leaves either the old or the new file.
    private: only the owner may read the file.
    former: the name under which the older file stays; at any moment one of both is there.
    inside: a folder whose content may be from someone else. Folders between it and the file are made where
        they are missing, and never followed where they are links.

    Raises WriteError, which names the file, if the disk does not take it.
    """
    # The name cannot be guessed, and an existing file is never opened. So nobody can plant a link there.
    temporary = f".{secrets.token_hex(8)}.part"
    with open_folder(path, inside, durable=durable) as folder:
        try:
            raw = _Raw(_created(folder, temporary, path.name, private=private), path)
        except OSError as error:
            raise unwritable(path, error) from None
        try:
            file = io.BufferedWriter(raw, BUFFER)
            yield file
            if not file.closed:
                file.flush()
            if durable:
                raw.sync()
            raw.close()
            try:
                folder.put(temporary, path.name, former)
                if durable:
                    folder.sync()
            except OSError as error:
                raise unwritable(path, error) from None
        except BaseException:  # Ctrl-C too
            raw.drop()
            with suppress(OSError):
                folder.remove(temporary)
            raise


@contextmanager
def named_by_user(path: Path) -> Iterator[BinaryIO]:
    """The same for a file that the user named, as by --output: as shells and other programs take such names.

    A link is followed, and what it names is replaced. A pipe, a device and standard output are written to.
    """
    path = Path(path)
    number = _stream(path)
    if number is None:
        with replacing(_followed(path)) as file:
            yield file
        return
    with io.BufferedWriter(_Raw(number, path), BUFFER) as file:
        yield file


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must be new. WriteError if there is one already, or a link."""
    try:
        raw = _Raw(os.open(path, NEW | SAFE, 0o666), path)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        with io.BufferedWriter(raw, BUFFER) as file:
            file.write(content)
    except BaseException:
        raw.drop()
        with suppress(OSError):
            path.unlink()
        raise


def delete(path: Path, inside: Path) -> None:
    """Delete a file, perhaps gone by now, through no link: what is `inside` may be from someone else."""
    try:
        with open_folder(path, inside, durable=False) as folder:
            folder.remove(path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise undeletable(path, error) from None


def delete_if_empty(folder: Path) -> bool:
    """Delete a folder in which nothing is left, and tell whether that was so."""
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR):
            return error.errno == errno.ENOENT
        raise undeletable(folder, error) from None
    return True


def rename(path: Path, name: str) -> None:
    """Give a file another name in its folder, where an older file may be. The disk has it at the return."""
    try:
        with open_folder(path, None, durable=True) as folder:
            folder.put(path.name, name, None)
            folder.sync()
    except OSError as error:
        raise unwritable(path.with_name(name), error) from None


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names of a folder's files."""
    with open_folder(path / "any", None, durable=True) as folder:
        folder.sync()


def open_to_append(path: Path) -> int:
    """The descriptor of a file that is written at its end, and made if it is missing. A link is refused."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | SAFE, 0o666)
    except OSError as error:
        raise unwritable(path, error) from None


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


class _Raw(io.RawIOBase):
    """An open file whose errors name it.

    It does not give its descriptor away: libraries in C would write to it, and say less about errors.
    """

    def __init__(self, number: int, path: Path) -> None:
        self._number, self._path = number, path

    def writable(self) -> bool:
        return True

    def write(self, content: "ReadableBuffer") -> int:
        try:
            return os.write(self._number, content)
        except BrokenPipeError:  # the reader of a pipe may leave
            raise
        except OSError as error:
            raise unwritable(self._path, error) from None

    def sync(self) -> None:
        """Wait until the disk has what was written."""
        try:
            os.fsync(self._number)
        except OSError as error:
            raise unwritable(self._path, error) from None

    def close(self) -> None:
        if not self.closed:
            super().close()
            try:
                os.close(self._number)
            except OSError as error:  # a network disk may tell only now that it is full
                raise unwritable(self._path, error) from None

    def drop(self) -> None:
        """Close the file after an error; a further one says nothing new."""
        with suppress(WriteError):
            self.close()


def _created(folder: Folder, temporary: str, name: str, *, private: bool) -> int:
    """A new file beside `name`, with its permissions. A file that is protected is not replaced."""
    if private:
        return folder.open(temporary, NEW | SAFE, 0o600)
    older = folder.writable_mode(name)
    number = folder.open(temporary, NEW | SAFE, 0o666)
    if older is not None and hasattr(os, "fchmod"):
        with suppress(OSError):  # some file systems have no permissions
            os.fchmod(number, older)
    return number


def _stream(path: Path) -> int | None:
    """A descriptor for what is written to directly: a pipe, a device, standard output; None for a file."""
    if found := DESCRIPTOR.fullmatch(str(path.absolute())):
        sys.stdout.flush()  # what was printed comes first
        named = STANDARD.get(found["name"])
        source: int | Path = int(found["number"]) if named is None else named
    else:
        try:
            mode = path.stat().st_mode
        except OSError:
            return None
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return None
        source = path
    try:
        return os.dup(source) if isinstance(source, int) else os.open(source, os.O_WRONLY)
    except OSError as error:
        raise unwritable(path, error) from None


def _followed(path: Path) -> Path:
    """The file that a path names when its links are followed."""
    if not path.is_symlink():
        return path
    file = Path(os.path.realpath(path))
    if file.is_symlink():  # links in a circle name nothing
        raise unwritable(path, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    return file
