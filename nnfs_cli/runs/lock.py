"""The lock of a run: one process trains it at a time, and others can tell whether that process is alive."""

import errno
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import replacing
from nnfs_cli.core.os_errors import reason

if TYPE_CHECKING:
    import filelock

LOCK, WRITER = ".lock", ".writer.json"
"""A run's file that its writer has locked, and the one that says who that is. Readers read the second."""

CLOCK_SECONDS = 10.0
"""How far two readings of when a process began may differ: the clock may be set in between."""

NO_LOCKS = {getattr(errno, name, None) for name in ("ENOSYS", "ENOLCK", "EOPNOTSUPP", "ENOTSUP")}
"""What file systems say that have no locks."""


@dataclass(frozen=True)
class Writer:
    """A process that trains a run. `born`: when it began, in seconds since 1970, as numbers recur."""

    pid: int
    host: str
    since: str
    born: float

    @classmethod
    def of_this_process(cls) -> "Writer":
        import psutil  # imported here and below: listing finished runs does not need it

        since = datetime.now().astimezone().isoformat(timespec="seconds")
        return cls(os.getpid(), socket.gethostname(), since, psutil.Process().create_time())

    @classmethod
    def of(cls, folder: Path) -> "Writer | None":
        """The writer that a run's folder names; None if it names none."""
        if not (folder / WRITER).is_file():  # to read a pipe would wait for its writer
            return None
        try:
            record = json.loads((folder / WRITER).read_text(encoding="utf-8"))
            return cls(int(record["pid"]), str(record["host"]), str(record["since"]), float(record["born"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    @property
    def may_live(self) -> bool:
        """Whether the process exists. That of another host may."""
        import psutil

        if self.host != socket.gethostname():
            return True
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.born) < CLOCK_SECONDS
            return is_same and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, ValueError, OverflowError):
            return False

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


class WriterLock:
    """The lock of one run. The system releases it when this process ends, even by a crash.

    Its forks do not inherit it. A network file system passes it on to other hosts if it has
    locks; where there are none, only writers on this host are noticed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: filelock.BaseFileLock | None = None
        self._holder = 0

    @property
    def is_held(self) -> bool:
        """Whether this process is the writer. A fork of the writer is not."""
        return self._holder == os.getpid()

    def acquire(self, *, recorded: bool = True) -> None:
        """Become the run's writer. NnfsError, and nothing is changed, if it has one.

        recorded: whether readers are told who that is.
        """
        from filelock import FileLock, Timeout

        self._lock = FileLock(self._folder / LOCK, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise self._taken() from None
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in NO_LOCKS:
                raise NnfsError(f"{self._folder}: cannot be locked: {reason(error)}") from None
            if (writer := Writer.of(self._folder)) and writer.may_live:
                raise self._taken() from None
        try:
            if recorded:
                with replacing(self._folder / WRITER) as file:
                    file.write(json.dumps(asdict(Writer.of_this_process())).encode())
        except BaseException:
            self._lock.release()
            raise
        self._holder = os.getpid()

    def release(self) -> None:
        """Be the writer no longer. The file that was locked stays: another process may have opened it.

        A fork of the writer changes nothing.
        """
        if not self.is_held:
            return
        self._holder = 0
        with suppress(OSError):  # the folder may be gone
            (self._folder / WRITER).unlink()
        if self._lock is not None:
            with suppress(OSError):
                self._lock.release()

    def _taken(self) -> NnfsError:
        writer = Writer.of(self._folder)
        what = f"is being trained by {writer}" if writer else "is in use by another process"
        return NnfsError(f"{self._folder} {what}; wait for its end, or stop it")


def status_now(folder: Path, recorded: object) -> object:
    """A run's status: `died` where its summary says `running`, but its writer is gone."""
    if recorded != "running":
        return recorded
    writer = Writer.of(folder)
    return "running" if writer and writer.may_live else "died"
