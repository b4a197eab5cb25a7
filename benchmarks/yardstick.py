"""A yardstick: how much slower than at its best the machine is at the moment.

Rented processors share their cores with strangers. While one of those is at work on the other half of a
core, all takes up to twice as long here, for a tenth of a second or for many. Medians of a few rounds then
tell more about strangers than about contestants.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from threadpoolctl import ThreadpoolController

SIDE, PRODUCTS, TRIALS = 64, 60, 3

CALM = 1.2
"""A core that takes less than so many times its best is undisturbed: its own timers sway it about as much."""


class Yardstick:
    """A few small products of matrices, timed on each core that this process may use.

    best: the least that they ever took on a core.
    """

    def __init__(self) -> None:
        self._a, self._b, self._out = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
        self._cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        self.best = float("inf")

    def read(self) -> float:
        """The seconds that they take on the slowest core at the moment."""
        with ThreadpoolController().limit(limits=1, user_api="blas"):
            seconds = [self._on(core) for core in self._cores]
        self.best = min(self.best, *seconds)
        return max(seconds)

    def is_calm(self, reading: float) -> bool:
        """Whether nothing disturbed that one, as far as is known by now."""
        return reading < CALM * self.best

    def _on(self, core: int) -> float:
        """The middle one of a few trials on that core."""
        with _only_on(core):
            return sorted(self._trial() for _ in range(TRIALS))[TRIALS // 2]

    def _trial(self) -> float:
        started = perf_counter()
        for _ in range(PRODUCTS):
            self._a.dot(self._b, self._out)
        return perf_counter() - started


@contextmanager
def _only_on(core: int) -> Iterator[None]:
    """While entered, this thread runs on that core alone, where the system lets it choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
