"""Sharing: work split among processes that have memory in common."""

import atexit
import math
import mmap
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.process import BaseProcess
from types import MethodType
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import HelperError, NnfsError

CAN_FORK = sys.platform.startswith("linux")
"""Elsewhere a process cannot safely begin as a copy of another: there everybody works alone."""

LOOK_SECONDS = 1e-3
"""How long a process that waits for another looks out for it before it sleeps: to be woken takes 0.1 ms."""

BRIEF_LOOK_SECONDS, MOST_BRIEF_LOOKS, REGAINED = 3e-5, 63, 0.02
"""How long it looks after looks that were in vain: the others may be waiting for the very core that looking
takes. One in vain is nothing; each more makes the next so many looks, about twice as many, brief ones; and
each that is not in vain makes up for some.
"""

CHECK_SECONDS = 1.0
"""How often a process that waits long makes sure that the others are still there."""

MOST_NUMBERS = 8
"""That may be handed to a task."""


def can_share() -> bool:
    """Whether this process may begin others: it can copy itself, and is no worker of a Pool."""
    return CAN_FORK and not multiprocessing.current_process().daemon and _has_semaphores()


@cache
def _has_semaphores() -> bool:
    """Not where the system lets nobody make any, as where /dev/shm cannot be written to."""
    try:
        multiprocessing.get_context("fork").Semaphore(0)
    except (OSError, ImportError):
        return False
    return True


class Crew:
    """Processes that do the same task at the same time, each its part of it.

    Threads would wait for Python's lock between NumPy's calls, which are short here; a process has its
    core and cache to itself. The helpers begin as copies of this process, at the first task. They see
    all that it holds by then, and later what it writes to arrays from `empty`.

    size: processes, this one included; 1 where there can be no others, as in a worker of a Pool.
    tasks: functions of (who, *numbers) by name. `who` counts from 0, which is this process. Methods are
        held weakly, so that a crew ends with the object that it works for.
    """

    def __init__(self, size: int, tasks: Mapping[str, Callable[..., None]]) -> None:
        self.size = size if can_share() else 1
        self.helpers: list[BaseProcess] = []
        self._tasks = {name: _held(task) for name, task in tasks.items()}
        self._names = list(tasks)
        self._meetings: list[Meeting] = []
        self._leader = os.getpid()
        self._order = self.empty((MOST_NUMBERS + 3,), np.int64)
        weakref.finalize(self, _dismiss, self.helpers, self._leader)
        _CREWS.add(self)

    def empty(self, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array that helpers hired later have in common with this process; of zeros, if there are any."""
        if self.size == 1:
            return np.empty(shape, dtype)
        size = math.prod(shape)
        memory = mmap.mmap(-1, max(size, 1) * np.dtype(dtype).itemsize)
        return np.frombuffer(memory, dtype, size).reshape(shape)

    @property
    def is_leader(self) -> bool:
        """Whether this is the process that made the crew, and not a copy of it that somebody else made."""
        return os.getpid() == self._leader

    def meeting(self, room: int, dtype: npt.DTypeLike) -> "Meeting":
        """Where all may show each other up to `room` numbers in the middle of a task."""
        self._meetings.append(Meeting(self, room, dtype))
        return self._meetings[-1]

    def run(self, task: str, *numbers: int, more_soon: bool = True) -> None:
        """Do a task, everybody their part; returns when all are done.

        more_soon: the helpers look out for the next task; else they leave their cores to others at once.

        Raises HelperError where a helper has ended.
        """
        if self.size == 1:
            self._tasks[task]()(0, *numbers)
            return
        if not self.is_leader:
            raise NnfsError("processes share this experiment: use it in the process alone that made it")
        self._order[:3] = more_soon, self._names.index(task), len(numbers)
        self._order[3 : 3 + len(numbers)] = numbers
        try:
            if not self.helpers:
                self._hire()
            for go in self._go:
                go.release()
            self._do(0)
            for done in self._done:
                self.wait_for(done)
        except EOFError:
            self.dismiss()
            raise HelperError(
                "a helper process has ended, perhaps for want of memory; `training.threads: 1` does without"
            ) from None
        except BaseException:
            self.dismiss()  # whoever goes on after this, starts with helpers that know what is asked
            raise

    def dismiss(self) -> None:
        """End the helpers; the next task hires others."""
        _dismiss(self.helpers, self._leader)

    def wait_for(self, arrival: Any, seconds: float = LOOK_SECONDS) -> bool:
        """Acquire a semaphore; whether that took no longer than `seconds`, without sleep.

        EOFError where whoever should release it is not there any more.
        """
        until = time.perf_counter() + seconds
        while not arrival.acquire(False):
            if time.perf_counter() > until:
                while not arrival.acquire(timeout=CHECK_SECONDS):
                    if not self._others_are_there():
                        raise EOFError
                return False
        return True

    def _others_are_there(self) -> bool:
        if not self.is_leader:
            return os.getppid() == self._leader
        return all(helper.is_alive() and _exists(helper.pid or 0) for helper in self.helpers)

    def _do(self, who: int) -> None:
        """One's own part of what was ordered."""
        _, task, count, *numbers = self._order.tolist()
        for meeting in self._meetings:
            meeting.attend(who)
        try:
            self._tasks[self._names[task]]()(who, *numbers[:count])
        finally:
            for meeting in self._meetings:
                meeting.leave()

    def _hire(self) -> None:
        context = multiprocessing.get_context("fork")
        others = range(1, self.size)
        self._go, self._done = ([context.Semaphore(0) for _ in others] for _ in range(2))
        for meeting in self._meetings:
            meeting.open(context)
        for who in others:
            process = context.Process(target=self._help, args=(who,), name="nnfs helper", daemon=True)
            self.helpers.append(process)
            with warnings.catch_warnings():
                # Threads are not copied, which is what this warns of; a helper waits for none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()

    def _help(self, who: int) -> None:
        """A helper's life: it does what is ordered until nobody is there to order."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # they are for the process that gives orders
        np.seterr(all="ignore")  # a loss that is no longer finite is noticed there, too
        try:
            while True:
                self.wait_for(self._go[who - 1], LOOK_SECONDS if self._order[0] else 0.0)
                self._do(who)
                self._done[who - 1].release()
        except (EOFError, MemoryError):
            return  # the leader notices


class Meeting:
    """Where processes show each other numbers in the middle of a task.

    While some still read what was shown, others may write what is for the next time: a table lies in
    two places in turn.

    room: the most numbers that a table may hold.
    """

    def __init__(self, crew: Crew, room: int, dtype: npt.DTypeLike) -> None:
        self._crew = weakref.proxy(crew)
        self._memory = crew.empty((2, room), dtype)
        self._tables: dict[tuple[int, Shape], Array] = {}
        self.size = crew.size
        self._turn = 0
        self._who: int | None = None
        self._brief_looks, self._doubt = 0, 0.0

    def open(self, context: Any) -> None:
        """Get ready for processes about to begin."""
        everybody = range(self.size)
        self._turn = 0
        self._arrived = [[context.Semaphore(0) for _ in everybody] for _ in everybody]

    def attend(self, who: int) -> None:
        """From now on this process is one of those who work together."""
        self._who = who
        others = [other for other in range(self.size) if other != who]
        self._mine = [self._arrived[who][other] for other in others]
        self._theirs = [self._arrived[other][who] for other in others]

    def leave(self) -> None:
        """From now on this process works for itself."""
        self._who = None

    def table(self, shape: Shape) -> Array:
        """Memory for everybody to write their part of what they show next."""
        key = self._turn, shape
        if key not in self._tables:
            self._tables[key] = self._memory[self._turn, : math.prod(shape)].reshape(shape)
        return self._tables[key]

    def show(self) -> None:
        """Wait until everybody has written to the table; it may be read until the next `show`."""
        self._turn = 1 - self._turn
        for arrival in self._mine:
            arrival.release()
        for arrival in self._theirs:
            self._wait_for(arrival)

    def _wait_for(self, arrival: Any) -> None:
        if self._brief_looks:
            self._brief_looks -= 1
            self._crew.wait_for(arrival, BRIEF_LOOK_SECONDS)
        elif self._crew.wait_for(arrival):
            self._doubt = max(self._doubt - REGAINED, 0.0)
        else:
            self._brief_looks = int(self._doubt)
            self._doubt = min(2 * self._doubt + 1, MOST_BRIEF_LOOKS)

    def total(self, sums: Array) -> Array:
        """The sum over all who attend, in a fixed order, so that all get the same to the bit.

        Without a meeting, `sums`.
        """
        if self._who is None:
            return sums
        table = self.table((self.size, *sums.shape))
        table[self._who] = sums
        self.show()
        total: Array = table.sum(axis=0)
        return total


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


def _dismiss(helpers: list[BaseProcess], leader: int) -> None:
    """End these processes, whatever they are at: what they know, they have from others.

    A copy of their leader has no say in that.
    """
    while helpers:
        helper = helpers.pop()
        if helper.pid is not None and os.getpid() == leader:  # else whoever was to start it was interrupted
            helper.kill()
            helper.join()


_CREWS: weakref.WeakSet[Crew] = weakref.WeakSet()


@atexit.register  # after multiprocessing has registered its own waiting for children, to come before that
def _dismiss_all() -> None:
    for crew in _CREWS:
        crew.dismiss()
