"""A folder that is held open while a file is written in it, so that nobody can put a link in its place."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from nnfs_cli.core.os_errors import WriteError, unwritable

BY_DESCRIPTOR = {os.open, os.mkdir, os.stat, os.access, os.rename, os.unlink} <= os.supports_dir_fd
"""Whether the system can name files relative to an open folder. Windows cannot."""
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""How file systems say that they do not sync folders."""


class Folder:
    """An open folder.

    number: its descriptor; None where files are named by their path alone.
    """

    def __init__(self, path: Path, number: int | None) -> None:
        self.path, self._number = path, number

    def open(self, name: str, flags: int, mode: int = 0o777) -> int:
        return os.open(self._at(name), flags, mode, dir_fd=self._number)

    def put(self, temporary: str, name: str, former: str | None) -> None:
        """Rename a file to `name`, where an older one may be: it is replaced, or renamed to `former`."""
        if former is not None:
            with suppress(FileNotFoundError):
                self._rename(name, former)
        self._rename(temporary, name)

    def _rename(self, before: str, after: str) -> None:
        number = self._number
        os.replace(self._at(before), self._at(after), src_dir_fd=number, dst_dir_fd=number)

    def remove(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self._number)

    def writable_mode(self, name: str) -> int | None:
        """The permissions of a file; None if there is none, or a link. PermissionError if it is protected."""
        try:
            mode = os.stat(self._at(name), dir_fd=self._number, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(mode):
            return None
        if not os.access(self._at(name), os.W_OK, dir_fd=self._number):
            raise PermissionError(errno.EACCES, "the file is write-protected")
        return stat.S_IMODE(mode) & 0o777

    def sync(self) -> None:
        """Wait until the disk has the names of its files."""
        if self._number is not None:
            try:
                os.fsync(self._number)
            except OSError as error:
                if error.errno not in CANNOT_SYNC:
                    raise

    def below(self, name: str, *, durable: bool) -> "Folder":
        """The folder of this name in it, which is made if it is missing. OSError if it is a link."""
        path = self.path / name
        with suppress(FileExistsError):
            os.mkdir(self._at(name), dir_fd=self._number)
            if durable:
                self.sync()
        if self._number is not None:
            return Folder(path, os.open(name, FOLDER | NO_LINK, dir_fd=self._number))
        if path.is_symlink() or getattr(os.path, "isjunction", lambda _: False)(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return Folder(path, None)

    def close(self) -> None:
        if self._number is not None:
            with suppress(OSError):  # nothing was written to it
                os.close(self._number)

    def _at(self, name: str) -> str:
        return name if self._number is not None else str(self.path / name)


@contextmanager
def open_folder(path: Path, inside: Path | None, *, durable: bool) -> Iterator[Folder]:
    """The folder that a file is in. Those between `inside` and the file are made, and are no links.

    Raises WriteError if it cannot be opened.
    """
    with ExitStack() as opened:
        folder = _first(path, path.parent if inside is None else inside)
        opened.callback(folder.close)
        for name in () if inside is None else path.parent.relative_to(inside).parts:
            try:
                folder = folder.below(name, durable=durable)
            except OSError as error:
                raise _refusal(path, folder.path / name, error) from None
            opened.callback(folder.close)
        yield folder


def _first(path: Path, folder: Path) -> Folder:
    if not BY_DESCRIPTOR:
        return Folder(folder, None)
    try:
        return Folder(folder, os.open(folder, FOLDER))
    except PermissionError:  # a file may be written in a folder whose names cannot be read
        return Folder(folder, None)
    except OSError as error:
        raise unwritable(path, error) from None


def _refusal(path: Path, folder: Path, error: OSError) -> WriteError:
    if folder.is_symlink():
        return WriteError(
            f"cannot write {path}: {folder} is a link to {folder.readlink()}, which may lead anywhere; "
            f"remove the link"
        )
    return unwritable(path, error)
