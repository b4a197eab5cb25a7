"""A lock between processes, which the system frees when its holder ends, however it ends."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file `path`, after waiting for whoever holds it.

    The file is empty and stays: whoever deleted it would take it from under those who wait.
    A file system without locks has none here either.
    """
    with path.open("ab") as file:
        with suppress(OSError):
            _acquire(file.fileno())
        yield


if sys.platform == "win32":
    import errno

    def _acquire(descriptor: int) -> None:
        import msvcrt

        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # else another held it for all of ten seconds
                    raise

else:

    def _acquire(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
