"""A yardstick: how much slower the machine is now than at its best.

Users of rented machines share cores. While another user's program runs on the same core, everything takes up
to twice as long, for a tenth of a second or for many. Medians of a few rounds then depend more on other users
than on contestants.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from threadpoolctl import ThreadpoolController

SIDE, PRODUCTS, TRIALS = 64, 60, 3

CALM = 1.2
"""A core is calm if it takes less than this times its best. Its own timers change its time about as much."""


class Yardstick:
    """A few small matrix products, timed on each core that this process may use.

    best: their least time on any core so far.
    """

    def __init__(self) -> None:
        self._a, self._b, self._out = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
        self._cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        self.best = float("inf")

    def read(self) -> float:
        """Their time on the slowest core now, in seconds."""
        with ThreadpoolController().limit(limits=1, user_api="blas"):
            seconds = [self._on(core) for core in self._cores]
        self.best = min(self.best, *seconds)
        return max(seconds)

    def is_calm(self, reading: float) -> bool:
        """Whether a reading is close to the best one so far."""
        return reading < CALM * self.best

    def _on(self, core: int) -> float:
        """The median of a few trials on one core."""
        with _only_on(core):
            return sorted(self._trial() for _ in range(TRIALS))[TRIALS // 2]

    def _trial(self) -> float:
        started = perf_counter()
        for _ in range(PRODUCTS):
            self._a.dot(self._b, self._out)
        return perf_counter() - started


@contextmanager
def _only_on(core: int) -> Iterator[None]:
    """In the `with` block this thread runs on one core only, if the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
