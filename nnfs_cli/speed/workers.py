"""Worker processes that compute parts of the same task, in memory that they share."""

import atexit
import math
import mmap
import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import MethodType
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError, WorkerError

LOOK_SECONDS = 1e-3
"""How long a process that waits for another looks out for it before it sleeps: to be woken takes 0.1 ms."""

CHECK_SECONDS = 1.0
"""How often a process that waits long makes sure that the others are still there."""

MOST_NUMBERS = 8
"""The most numbers that a task takes."""

Task: TypeAlias = Callable[..., None]
"""A function of (who, size, *numbers)."""


class Semaphore(Protocol):
    """A semaphore of threads or of processes."""

    def acquire(self, block: bool = True, timeout: float | None = None, /) -> bool: ...
    def release(self) -> None: ...


@cache
def can_fork() -> bool:
    """Whether this system lets a process begin as a copy of another, and make semaphores for both.

    Not where /dev/shm cannot be written to. Elsewhere than on Linux a copy may not be safe.
    """
    try:
        multiprocessing.get_context("fork").Semaphore(0)
    except (OSError, ImportError, ValueError):
        return False
    return sys.platform.startswith("linux")


def may_fork() -> bool:
    """Whether this process may begin others: it can, and is no worker of a Pool."""
    return can_fork() and not multiprocessing.current_process().daemon


def shared(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array of zeros that worker processes begun later have in common with this one."""
    if not can_fork():
        return np.zeros(shape, dtype)
    size = math.prod(shape)
    memory = mmap.mmap(-1, max(size, 1) * np.dtype(dtype).itemsize)
    return np.frombuffer(memory, dtype, size).reshape(shape)


class LostError(Exception):
    """Whoever was waited for is not there any more."""


class WorkerTraceback(Exception):  # noqa: N818  it is shown as the cause of an error
    """Where an error came up in a worker process, as text."""


class Workers:
    """Processes that do the same task at the same time, each its part of it.

    Threads would wait for Python's lock between NumPy's calls, which are short here; a process has its
    core and cache to itself. Workers begin as copies of this process, at the first task. They see all that
    it holds by then, and later what it writes to arrays from `shared`.

    size: processes, this one included; 1 where there can be no others.
    tasks: functions of (who, size, *numbers) by name; `who` counts from 0, which is this process. Methods
        are held weakly, so that the workers end with the object that they work for.
    on_start: called before workers begin.
    is_broken: set where one of several threads of this process ended with an error: the others stop waiting.
    """

    def __init__(
        self,
        size: int,
        tasks: Mapping[str, Task],
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        self.size = size if may_fork() else 1
        self.processes: list[BaseProcess] = []
        self._go: list[Semaphore] = []
        self._done: list[Semaphore] = []
        self._errors: list[Connection] = []
        self._tasks = {name: _held(task) for name, task in tasks.items()}
        self._names = list(tasks)
        self._on_start = _held(on_start)
        self._leader = os.getpid()
        self._order = shared((MOST_NUMBERS + 3,), np.int64)
        self._is_ready = self.is_broken = False
        weakref.finalize(self, _end, self.processes, self._leader)
        _ALL.add(self)

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that made the workers, and not a copy of it that somebody else made."""
        return os.getpid() == self._leader

    def run(self, task: str, *numbers: int, more_soon: bool = True) -> None:
        """Do a task, each process its part; returns when all are done.

        more_soon: the workers look out for the next task; else they leave their cores to others at once.

        An error in a worker is raised here, with the worker's traceback as its cause. WorkerError where
        a worker was killed.
        """
        if not self.is_leader:
            raise NnfsError("worker processes share this experiment: use it only in the process that made it")
        try:
            if not self._is_ready:
                self._start()
            self._order[:3] = more_soon, self._names.index(task), len(numbers)
            self._order[3 : 3 + len(numbers)] = numbers
            for go in self._go:
                go.release()
            self._do(0)
            for done in self._done:
                self.wait_for(done)
        except LostError:
            self._raise_error_of_a_worker()
        except BaseException:
            self.end()  # the next task begins with workers that know where it stands
            raise

    def resize(self, size: int) -> None:
        """Let another number of processes do the tasks to come."""
        self.end()
        self.size = size if may_fork() else 1

    def end(self) -> None:
        """End the workers; the next task begins others."""
        _end(self.processes, self._leader)
        self._is_ready = False

    def wait_for(self, arrival: Semaphore, seconds: float = LOOK_SECONDS) -> bool:
        """Acquire a semaphore; whether that took no longer than `seconds`, without sleep.

        LostError where whoever should release it is not there any more.
        """
        until = time.perf_counter() + seconds
        while not arrival.acquire(False):
            if time.perf_counter() > until:
                while not arrival.acquire(True, CHECK_SECONDS):
                    if not self._others_are_there():
                        raise LostError
                return False
        return True

    def _others_are_there(self) -> bool:
        if self.is_broken:
            return False
        if not self.is_leader:
            return os.getppid() == self._leader
        if any(receiver.poll() for receiver in self._errors):  # a long message waits for someone to read it
            return False
        return all(process.is_alive() and _exists(process.pid or 0) for process in self.processes)

    def _do(self, who: int) -> None:
        """One's own part of what was ordered."""
        _, task, count, *numbers = self._order.tolist()
        self._tasks[self._names[task]]()(who, self.size, *numbers[:count])

    def _start(self) -> None:
        """Begin the workers."""
        self._on_start()()
        self.is_broken = False
        self._go, self._done, self._errors = [], [], []
        if self.size > 1:
            self._start_processes()
        self._is_ready = True

    def _start_processes(self) -> None:
        context, others = multiprocessing.get_context("fork"), range(1, self.size)
        for _ in others:
            self._go.append(context.Semaphore(0))
            self._done.append(context.Semaphore(0))
        for who in others:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=self._work, args=(who, sender), name="nnfs worker", daemon=True)
            self.processes.append(process)
            self._errors.append(receiver)
            with warnings.catch_warnings():
                # Threads are not copied, which is what this warns of; a worker waits for none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            sender.close()

    def _work(self, who: int, sender: Connection) -> None:
        """A worker's life: it does what is ordered until nobody is there to order."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # they are for the process that gives orders
        sys.breakpointhook = _refuse_breakpoint
        np.seterr(all="ignore")  # the training loop notices a loss that is no longer finite
        try:
            while True:
                self.wait_for(self._go[who - 1], LOOK_SECONDS if self._order[0] else 0.0)
                self._do(who)
                self._done[who - 1].release()
        except LostError:
            return  # nobody is there to order
        except BaseException as error:
            sender.send_bytes(_packed(error))

    def _raise_error_of_a_worker(self) -> NoReturn:
        """Tell why a worker is not there any more, and end the others."""
        ended = [process for process in self.processes if not process.is_alive()]
        packed = next(filter(None, map(_received, self._errors)), None)
        self.end()
        if packed is not None:
            error, text = pickle.loads(packed)  # noqa: S301  it comes from a copy of this process
            raise error from WorkerTraceback(f"\n{text}")
        code = ended[0].exitcode if ended else None
        how = (
            f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        )
        raise WorkerError(
            f"a worker process {how}, as systems do when memory runs short; "
            f"`training.threads: 1` does without workers"
        )


def _refuse_breakpoint(*_: object, **__: object) -> NoReturn:
    raise RuntimeError(
        "breakpoint() in a worker process, which has no terminal; "
        "`nnfs train --plain` computes everything in one process, where a debugger works"
    )


def _packed(error: BaseException) -> bytes:
    """An error and its traceback; one that cannot be sent is told as a RuntimeError."""
    text = traceback.format_exc()
    try:
        packed = pickle.dumps((error, text))
        pickle.loads(packed)  # noqa: S301  some errors can be packed, but not unpacked
    except BaseException:  # of a user's class, which may raise anything
        return pickle.dumps((RuntimeError(f"{type(error).__name__}: {error}"), text))
    return packed


def _received(receiver: Connection) -> bytes | None:
    """What a worker sent before it ended, if anything."""
    try:
        return receiver.recv_bytes() if receiver.poll() else None
    except EOFError:
        return None


def _held(task: Callable[..., None]) -> Callable[[], Any]:
    """What gives the task when called; weakly, if it is an object's method."""
    return weakref.WeakMethod(task) if isinstance(task, MethodType) else lambda: task


def _exists(pid: int) -> bool:
    """Whether there is such a process: `is_alive` cannot tell where a program ignores that children end."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end(processes: list[BaseProcess], leader: int) -> None:
    """End these processes, whatever they are at. A copy of their leader has no say in that."""
    while processes:
        process = processes.pop()
        if process.pid is not None and os.getpid() == leader:  # else its start was interrupted
            process.kill()
            process.join()


_ALL: weakref.WeakSet[Workers] = weakref.WeakSet()


@atexit.register  # after multiprocessing has registered its own waiting for children, to come before that
def _end_all() -> None:
    for workers in _ALL:
        workers.end()
