"""Sharing: work split among processes that have memory in common."""

import math
import mmap
import multiprocessing
import os
import signal
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from types import MethodType
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array, Shape

CAN_FORK = sys.platform.startswith("linux")
"""Elsewhere a process cannot safely begin as a copy of another: there everybody works alone."""

LOOK_SECONDS = 1e-3
"""How long a process that waits for another looks out for it before it sleeps: to be woken takes 0.1 ms."""

CHECK_SECONDS = 1.0
"""How often a process that waits long makes sure that the others are still there."""

MOST_NUMBERS = 8
"""That may be handed to a task."""


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
        may_begin_others = CAN_FORK and not multiprocessing.current_process().daemon
        self.size = size if may_begin_others else 1
        self.helpers: list[BaseProcess] = []
        self._tasks = {name: _held(task) for name, task in tasks.items()}
        self._names = list(tasks)
        self._meetings: list[Meeting] = []
        self._leader = os.getpid()
        self._order = self.empty((MOST_NUMBERS + 2,), np.int64)
        weakref.finalize(self, _dismiss, self.helpers)

    def empty(self, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array that helpers hired later have in common with this process; of zeros, if there are any."""
        if self.size == 1:
            return np.empty(shape, dtype)
        size = math.prod(shape)
        memory = mmap.mmap(-1, max(size, 1) * np.dtype(dtype).itemsize)
        return np.frombuffer(memory, dtype, size).reshape(shape)

    def meeting(self, room: int, dtype: npt.DTypeLike) -> "Meeting":
        """Where all may add up to `room` numbers in the middle of a task."""
        self._meetings.append(Meeting(self, room, dtype))
        return self._meetings[-1]

    def run(self, task: str, *numbers: int) -> None:
        """Do a task, everybody their part; returns when all are done.

        Raises NnfsError where a helper has ended.
        """
        if self.size == 1:
            self._tasks[task]()(0, *numbers)
            return
        self._order[:2] = self._names.index(task), len(numbers)
        self._order[2 : 2 + len(numbers)] = numbers
        try:
            if not self.helpers:
                self._hire()
            for go in self._go:
                go.release()
            self._do(0)
            for done in self._done:
                self.wait_for(done)
        except EOFError:
            _dismiss(self.helpers)
            raise NnfsError(
                "a helper process has ended, perhaps for want of memory; `training.threads: 1` does without"
            ) from None
        except BaseException:
            _dismiss(self.helpers)  # whoever goes on after this, starts with helpers that know what is asked
            raise

    def dismiss(self) -> None:
        """End the helpers; the next task hires others."""
        _dismiss(self.helpers)

    def wait_for(self, arrival: Any) -> None:
        """Acquire a semaphore. EOFError where whoever should release it is not there any more."""
        until = time.perf_counter() + LOOK_SECONDS
        while not arrival.acquire(False):
            if time.perf_counter() > until:
                while not arrival.acquire(timeout=CHECK_SECONDS):
                    if not self._others_are_there():
                        raise EOFError
                return

    def _others_are_there(self) -> bool:
        if os.getpid() != self._leader:
            return os.getppid() == self._leader
        return all(helper.is_alive() for helper in self.helpers)

    def _do(self, who: int) -> None:
        """One's own part of what was ordered."""
        task, count, *numbers = self._order.tolist()
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives orders
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        np.seterr(all="ignore")  # a loss that is no longer finite is noticed there, too
        try:
            while True:
                self.wait_for(self._go[who - 1])
                self._do(who)
                self._done[who - 1].release()
        except (EOFError, MemoryError):
            return  # the leader notices


class Meeting:
    """Where processes add up what each of them knows, in a fixed order, so that all get the same to the bit.

    While some still read what one sum is of, others may bring what is for the next: it lies in two
    places in turn.

    room: numbers that each may bring.
    """

    def __init__(self, crew: Crew, room: int, dtype: npt.DTypeLike) -> None:
        self._crew = weakref.proxy(crew)
        self._brought = crew.empty((2, crew.size, room), dtype)
        self._who: int | None = None

    def open(self, context: Any) -> None:
        """Get ready for processes about to begin."""
        everybody = range(self._crew.size)
        self._turn = 0
        self._arrived = [[context.Semaphore(0) for _ in everybody] for _ in everybody]

    def attend(self, who: int) -> None:
        """From now on this process is one of those who work together."""
        self._who = who

    def leave(self) -> None:
        """From now on this process works for itself."""
        self._who = None

    def total(self, sums: Array) -> Array:
        """The sum over all who attend; without a meeting, `sums`."""
        if self._who is None:
            return sums
        brought = self._brought[self._turn, :, : sums.size]
        self._turn = 1 - self._turn
        brought[self._who] = sums.ravel()
        others = [who for who in range(len(brought)) if who != self._who]
        for who in others:
            self._arrived[self._who][who].release()
        for who in others:
            self._crew.wait_for(self._arrived[who][self._who])
        total: Array = brought.sum(axis=0)
        return total.reshape(sums.shape)


def _held(task: Callable[..., None]) -> Callable[[], Any]:
    """What gives the task when called; weakly, if it is an object's method."""
    return weakref.WeakMethod(task) if isinstance(task, MethodType) else lambda: task


def _dismiss(helpers: list[BaseProcess]) -> None:
    """End these processes, whatever they are at: what they know, they have from others."""
    while helpers:
        helper = helpers.pop()
        if helper.pid is not None:  # else whoever was to start it was interrupted
            helper.kill()
            helper.join()
