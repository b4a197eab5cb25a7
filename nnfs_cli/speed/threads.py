"""Threads that compute the parts of a large product at the same time."""

import threading
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from time import perf_counter, thread_time

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.speed.gauge import Gauge
from nnfs_cli.speed.listed import Call
from nnfs_cli.speed.plan import WORTH_CUTTING

WIDTH = 16
"""Parts begin at a multiple of this: kernels of BLAS compute at least so many rows or columns at a time."""


class Threads:
    """Runs a few calls at the same time, or one after the other where the cores are busy: the same result.

    NumPy releases the interpreter's lock in each large product, so that threads do not wait for it.

    size: the number of threads, the caller's included.
    parts: the number of parts of a product.
    """

    def __init__(self, size: int, parts: int) -> None:
        self.size, self.parts, self._gauge = size, parts, Gauge()
        self._helpers: list[_Helper] = []

    def run(self, calls: Sequence[Call]) -> None:
        """Run calls that do not depend on each other. An error is raised here when all have ended."""
        size = min(self.size, len(calls))
        if size == 1 or not self._gauge.says_share():
            for call in calls:
                call()
            return
        started, cpu = perf_counter(), thread_time()
        try:
            own = self._share(calls, self._started(size - 1))
        except BaseException:
            self._helpers.clear()  # one may still compute; the next calls start new ones
            raise
        self._gauge.note(perf_counter() - started, (own - cpu) * size)

    def _share(self, calls: Sequence[Call], helpers: Sequence["_Helper"]) -> float:
        """Run calls with these helpers. Returns `thread_time` when this thread's own were done."""
        size = len(helpers) + 1
        for rank, helper in enumerate(helpers, 1):
            helper.begin(calls[rank::size])
        try:
            for call in calls[::size]:
                call()
        finally:
            own = thread_time()
            for helper in helpers:
                helper.wait()
        for helper in helpers:
            helper.raise_error()
        return own

    def product(self, a: Array, b: Array, out: Array, axis: int) -> list[Call]:
        """out = a b in parts of out's rows (axis 0) or columns (1); no calls if it is too small to be cut."""
        if self.parts == 1 or len(a) * b.size < WORTH_CUTTING:
            return []
        calls: list[Call] = []
        for part in cuts(out.shape[axis], self.parts):
            if axis == 0:
                calls.append(partial(np.matmul, a[part], b, out=out[part]))
            else:
                calls.append(partial(np.matmul, a, b[:, part], out=out[:, part]))
        return [partial(self.run, calls)]

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


def cuts(length: int, parts: int) -> list[slice]:
    """The parts of an axis. They have about the same length."""
    edges = [length * part // parts // WIDTH * WIDTH for part in range(parts)]
    return [slice(*each) for each in pairwise([*edges, length]) if each[0] < each[1]]


class _Helper:
    """A thread that runs calls on request, and sleeps meanwhile. A pair of locks wakes it fastest."""

    def __init__(self) -> None:
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._calls: Sequence[Call] | None = ()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="nnfs thread", daemon=True)
        self._thread.start()
        self.is_alive = self._thread.is_alive

    def begin(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._go.release()

    def wait(self) -> None:
        self._done.acquire()

    def raise_error(self) -> None:
        """Raise what the last calls raised, if anything."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def end(self) -> None:
        self._calls = None
        self._go.release()
        self._thread.join()

    @np.errstate(all="ignore")  # the training loop checks that the loss is finite
    def _work(self) -> None:
        while True:
            self._go.acquire()
            if self._calls is None:
                return
            try:
                for call in self._calls:
                    call()
            except BaseException as error:
                self._error = error
            self._done.release()
