"""What the errors of an operating system mean, in words that are the same in every message."""

import errno
from pathlib import Path

from nnfs_cli.core.errors import DamageError, NnfsError

REASONS = {
    "ENOSPC": "no space is left on the disk",
    "EDQUOT": "your quota of the disk is used up",
    "EROFS": "the disk is read-only",
    "EIO": "the disk failed (input/output error)",
    "ESTALE": "its network folder is gone (stale file handle)",
    "ENOENT": "there is no such file",
    "EISDIR": "it is a folder, not a file",
    "ENOTDIR": "what should be a folder is none",
    "ELOOP": "there is a symbolic link, which is not followed",
}
"""Where the system's own words are not clear enough."""


class WriteError(NnfsError):
    """A file could not be written. Its message names the file; `errno` is the system's number."""

    errno: int | None = None


def reason(error: OSError) -> str:
    """Why the operating system refused, in a few words."""
    code = errno.errorcode.get(error.errno or 0, "")
    return REASONS.get(code) or error.strerror or str(error) or type(error).__name__


def unread(path: Path, error: Exception, damage: str) -> NnfsError:
    """The error that a file's content cannot be read: what the disk says, or else `damage`.

    Libraries raise an OSError without a number, or for an impossible position, where bytes are wrong.
    """
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return unreadable(path, error)
    return DamageError(damage)


def in_words(error: OSError) -> str:
    """An error as a sentence that names the file."""
    named = f"{error.filename}: " if error.filename is not None else ""
    return f"{named}{reason(error)}"


def is_gone(path: Path) -> bool:
    """Whether there is nothing at a path. A disk that does not answer may still have it."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def unreadable(path: Path, error: OSError) -> NnfsError:
    """The error that a file or a folder cannot be read."""
    if isinstance(error, FileNotFoundError):
        return NnfsError(f"no such file: {Path(path).absolute()}")
    return NnfsError(f"{path}: cannot be read: {reason(error)}")


def undeletable(path: Path, error: OSError) -> WriteError:
    """The error that a file or a folder cannot be deleted."""
    problem = WriteError(f"cannot delete {path}: {reason(error)}")
    problem.errno = error.errno
    return problem


def unwritable(path: Path, error: OSError) -> WriteError:
    """The error that a file cannot be written."""
    folder = path.absolute().parent
    missing = error.errno == errno.ENOENT and is_gone(folder)
    problem = WriteError(
        f"cannot write {path}: {f'there is no folder {folder}' if missing else reason(error)}"
    )
    problem.errno = error.errno
    return problem
