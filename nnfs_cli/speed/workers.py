"""Worker processes that compute the same task, each its part, in shared memory."""

import atexit
import math
import mmap
import multiprocessing
import os
import signal
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import MethodType
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError, WorkerError
from nnfs_cli.core.interrupts import STOPS
from nnfs_cli.core.os_errors import reason
from nnfs_cli.speed.gauge import Gauge
from nnfs_cli.speed.worker_errors import pickled, raise_error, refuse_breakpoint

SPIN_SECONDS = 1e-3
"""How long a process polls a semaphore before it sleeps. To wake a process takes 0.1 ms."""

CHECK_SECONDS = 0.5
"""How often a sleeping process checks that the other processes still exist."""

MOST_ARGUMENTS = 8
"""The largest number of arguments that a task takes."""

Task: TypeAlias = Callable[..., None]
"""A function of (rank, size, *numbers): the number of this process among `size`, and integer arguments."""


class Semaphore(Protocol):
    """A semaphore of threads or of processes."""

    def acquire(self, block: bool = True, timeout: float | None = None, /) -> bool: ...
    def release(self) -> None: ...


@cache
def can_fork() -> bool:
    """Whether processes can be forked safely, which is so on Linux, and can share semaphores.

    They cannot share any if /dev/shm is not writable.
    """
    try:
        multiprocessing.get_context("fork").Semaphore(0)
    except (OSError, ImportError, ValueError):
        return False
    return sys.platform.startswith("linux")


def may_fork() -> bool:
    """Whether this process may start workers. A worker of a multiprocessing Pool may not."""
    return can_fork() and not multiprocessing.current_process().daemon


def shared(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array of zeros in memory that this process shares with workers that start later."""
    if not can_fork():
        return np.zeros(shape, dtype)
    size = math.prod(shape)
    memory = mmap.mmap(-1, max(size, 1) * np.dtype(dtype).itemsize)
    return np.frombuffer(memory, dtype, size).reshape(shape)


class LostError(Exception):
    """Whoever was waited for is not there any more."""


class Workers:
    """Processes that run the same task at the same time, each a part of it.

    NumPy's calls are short here, so that threads would wait for Python's lock; processes do not. Workers are
    forked from this process at the first task. They see all its objects as they are then, and later only
    what is written to arrays from `shared`.

    Where other programs keep the cores busy, this process does the whole task alone for a while.

    size: the number of processes, this one included; 1 if there can be no others.
    tasks: tasks by name. This process has rank 0. Methods are referenced weakly: the workers end when the
        methods' object is deleted.
    on_start: called before workers start.
    is_broken: set if one of several threads of this process failed: the other threads then stop waiting.
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
        self._tasks = {name: _reference(task) for name, task in tasks.items()}
        self._names = list(tasks)
        self._on_start = _reference(on_start)
        self._leader = os.getpid()
        self._gauge = Gauge()
        # What to run, as numbers: more_soon, the task's index, the number of arguments, the arguments.
        self._command = shared((3 + MOST_ARGUMENTS,), np.int64)
        self._is_ready = self.is_broken = False
        weakref.finalize(self, _end, self.processes, self._leader)
        _ALL_WORKERS.add(self)

    @property
    def is_leader(self) -> bool:
        """Whether this process made these Workers, and is not a fork of the process that did."""
        return os.getpid() == self._leader

    def run(self, task: str, *numbers: int, more_soon: bool = True) -> None:
        """Run a task in all processes, or alone where that is faster, and return when it is done.

        more_soon: the workers spin until the next task. Without it they sleep at once and free their cores.

        An error in a worker is raised here, with the worker's traceback as its cause. Raises WorkerError if
        a worker was killed.
        """
        if not self.is_leader:
            raise NnfsError("worker processes share this experiment: use it only in the process that made it")
        try:
            if not self._is_ready:
                self._start()
            if self.size > 1 and self._gauge.says_share():
                self._share(task, numbers, more_soon=more_soon)
            elif not self._others_exist():
                raise LostError
            else:
                self._tasks[task]()(0, 1, *numbers)
        except LostError:
            self._raise_workers_error()
        except BaseException:
            self.end()  # workers may have stopped anywhere; the next task starts new ones
            raise

    def _share(self, task: str, numbers: Sequence[int], *, more_soon: bool) -> None:
        """Run a task in all processes."""
        started, cpu = time.perf_counter(), time.thread_time()
        self._command[:3] = more_soon, self._names.index(task), len(numbers)
        self._command[3 : 3 + len(numbers)] = numbers
        for go in self._go:
            go.release()
        self._tasks[task]()(0, self.size, *numbers)
        own = time.thread_time() - cpu
        for done in self._done:
            self.wait_for(done)
        self._gauge.note(time.perf_counter() - started, own * self.size)

    def resize(self, size: int) -> None:
        """Let this number of processes run further tasks."""
        self.end()
        self.size = size if may_fork() else 1

    def end(self) -> None:
        """End the workers. The next task starts new ones."""
        _end(self.processes, self._leader)
        self._is_ready = False

    def wait_for(self, arrival: Semaphore, seconds: float = SPIN_SECONDS) -> bool:
        """Acquire a semaphore: spin for `seconds`, then sleep. Returns whether the spin sufficed.

        Raises LostError if a process that might release it does not exist any more.
        """
        until = time.perf_counter() + seconds
        while not arrival.acquire(False):
            if time.perf_counter() > until:
                while not arrival.acquire(True, CHECK_SECONDS):
                    if not self._others_exist():
                        raise LostError
                return False
        return True

    def _others_exist(self) -> bool:
        if self.is_broken:
            return False
        if not self.is_leader:
            return os.getppid() == self._leader
        if any(receiver.poll() for receiver in self._errors):  # a worker failed, and sends its error
            return False
        return all(process.is_alive() and _exists(process.pid or 0) for process in self.processes)

    def _start(self) -> None:
        """Start the workers."""
        self.is_broken = False
        self._go, self._done, self._errors = [], [], []
        try:
            self._on_start()()
            if self.size > 1:
                self._start_processes()
        except OSError as error:  # /dev/shm is full, or there are too many processes or open files
            self.end()
            remedy = "`training.threads: 1` trains without them"
            raise WorkerError(f"worker processes cannot start: {reason(error)}; {remedy}") from None
        self._is_ready = True

    def _start_processes(self) -> None:
        context, others = multiprocessing.get_context("fork"), range(1, self.size)
        for _ in others:
            self._go.append(context.Semaphore(0))
            self._done.append(context.Semaphore(0))
        for rank in others:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=self._work, args=(rank, sender), name="nnfs worker", daemon=True)
            self.processes.append(process)
            self._errors.append(receiver)
            with warnings.catch_warnings(), _held_back(STOPS):
                # It warns that a fork has none of the process's threads. Workers need none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            sender.close()

    def _work(self, rank: int, sender: Connection) -> None:
        """The main function of a worker: it runs commands until the leader does not exist any more."""
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)  # the leader handles these signals
        sys.breakpointhook = refuse_breakpoint
        np.seterr(all="ignore")  # the training loop checks that the loss is finite
        try:
            while True:
                self.wait_for(self._go[rank - 1], SPIN_SECONDS if self._command[0] else 0.0)
                _, task, count, *numbers = self._command.tolist()
                self._tasks[self._names[task]]()(rank, self.size, *numbers[:count])
                self._done[rank - 1].release()
        except LostError:
            return  # the leader has ended
        except BaseException as error:
            sender.send_bytes(pickled(error))

    def _raise_workers_error(self) -> NoReturn:
        """End all workers, and raise the error that ended one of them."""
        codes = [process.exitcode for process in self.processes if not process.is_alive()]
        message = next(filter(None, map(_receive, self._errors)), None)
        self.end()
        raise_error(message, codes[0] if codes else None)


@contextmanager
def _held_back(signals: Iterable[int]) -> Iterator[None]:
    """Let signals wait. A process that is forked in the block can first say how it takes them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(receiver: Connection) -> bytes | None:
    """The message that a worker sent before it ended, if any."""
    try:
        return receiver.recv_bytes() if receiver.poll() else None
    except EOFError:
        return None


def _reference(task: Callable[..., None]) -> Callable[[], Any]:
    """A function that returns the task. It holds a method only weakly."""
    return weakref.WeakMethod(task) if isinstance(task, MethodType) else lambda: task


def _exists(pid: int) -> bool:
    """Whether a process exists. `is_alive` does not notice its end in a program that ignores SIGCHLD."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end(processes: list[BaseProcess], leader: int) -> None:
    """Kill these processes, and wait for their end. In a fork of their leader, only clear the list."""
    while processes:
        process = processes.pop()
        if process.pid is not None and os.getpid() == leader:  # without a pid it was never started
            process.kill()
            process.join()


_ALL_WORKERS: weakref.WeakSet[Workers] = weakref.WeakSet()


@atexit.register  # later than multiprocessing's function that waits for children, so it runs before that
def _end_all() -> None:
    for workers in _ALL_WORKERS:
        workers.end()
