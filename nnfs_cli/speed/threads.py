"""Threads that run calls at the same time, unless the cores are busy."""

import threading
from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import TypeAlias

import numpy as np

from nnfs_cli.speed.gauge import Gauge

Call: TypeAlias = Callable[[], object]


class Threads:
    """Runs parts at the same time, or one after the other where the cores are busy: the same result.

    NumPy releases the interpreter's lock in each large product, so that threads do not wait for it.

    size: the number of threads, the caller's included.
    parts: the number of parts that computations are cut into.
    """

    def __init__(self, size: int, parts: int) -> None:
        self.size, self.parts, self._gauge = size, parts, Gauge()
        self._helpers: list[_Helper] = []

    def run(self, parts: Sequence[Sequence[Call]]) -> None:
        """Run the calls of each part. An error is raised here when all threads have ended."""
        size = min(self.size, len(parts))
        if size == 1 or not self._gauge.says_share():
            run_all(parts)
            return
        started, cpu = perf_counter(), thread_time()
        helpers = self._started(size - 1)
        for rank, helper in enumerate(helpers, 1):
            helper.begin(parts[rank::size])
        try:
            run_all(parts[::size])
        finally:
            own = thread_time() - cpu
            for helper in helpers:
                helper.wait()
        for helper in helpers:
            helper.raise_error()
        self._gauge.note(perf_counter() - started, own * size)

    def end(self) -> None:
        """End the threads. The next calls start new ones."""
        while self._helpers:
            self._helpers.pop().end()

    def _started(self, count: int) -> list["_Helper"]:
        """So many helpers that are alive. After a fork none of them is."""
        self._helpers = [helper for helper in self._helpers if helper.is_alive()]
        while len(self._helpers) < count:
            self._helpers.append(_Helper())
        return self._helpers[:count]


def run_all(parts: Sequence[Sequence[Call]]) -> None:
    """Run the calls of each part, part by part."""
    for calls in parts:
        for call in calls:
            call()


ONE_THREAD = Threads(1, 1)
"""For what is not cut."""


class _Helper:
    """A thread that runs calls on request, and sleeps meanwhile. A pair of locks wakes it fastest."""

    def __init__(self) -> None:
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._parts: Sequence[Sequence[Call]] | None = ()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="nnfs thread", daemon=True)
        self._thread.start()
        self.is_alive = self._thread.is_alive

    def begin(self, parts: Sequence[Sequence[Call]]) -> None:
        self._parts = parts
        self._go.release()

    def wait(self) -> None:
        self._done.acquire()

    def raise_error(self) -> None:
        """Raise what the last calls raised, if anything."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def end(self) -> None:
        self._parts = None
        self._go.release()
        self._thread.join()

    @np.errstate(all="ignore")  # the training loop checks that the loss is finite
    def _work(self) -> None:
        while True:
            self._go.acquire()
            if self._parts is None:
                return
            try:
                run_all(self._parts)
            except BaseException as error:
                self._error = error
            self._done.release()
