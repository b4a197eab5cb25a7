"""A lock between processes. The system releases it when its holder ends, even by a crash."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file `path`; first wait until no other process holds it.

    The file is empty and is never deleted, since other processes may be waiting for it, and since it marks
    a folder of nnfs. On a file system without locks this does nothing. So it is no filelock, which deletes
    the file on Windows, refuses that of another user, and leaves a file as a lock where there are none.
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
                if error.errno != errno.EDEADLK:  # else another process held it for ten seconds: wait on
                    raise

else:

    def _acquire(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
