"""All-reduce: sums that the parts of a batch need from each other in the middle of their passes."""

import math
import multiprocessing
import threading
from collections.abc import Callable

import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.speed.workers import LOOK_SECONDS, Semaphore, can_fork, shared

BRIEF_LOOK_SECONDS, MOST_BRIEF_LOOKS, REGAINED = 3e-5, 63, 0.02
"""How long a part looks out for others after looks that were in vain: they may be waiting for the very core
that looking takes. One in vain is nothing; each more makes the next so many looks, about twice as many,
brief ones; and each that is not in vain makes up for some.
"""

Wait = Callable[[Semaphore, float], bool]


class AllReduce:
    """Where `size` parts add up numbers: each gives its own, and all get the same total to the bit.

    room: the most numbers to add up at once.
    wait: acquires a semaphore, and looks out for it so many seconds before it sleeps.
    """

    def __init__(self, size: int, room: int, dtype: npt.DTypeLike, wait: Wait) -> None:
        self.size, self.wait = size, wait
        self.memory = shared((2, size, room), dtype)
        self.members = [Member(self, part) for part in range(size)]

    def open(self) -> None:
        """Get ready for processes or threads about to begin."""
        make = multiprocessing.get_context("fork").Semaphore if can_fork() else threading.Semaphore
        self.arrived: list[list[Semaphore]] = [[make(0) for _ in self.members] for _ in self.members]
        for member in self.members:
            member.begin()


class Member:
    """One part's place in an all-reduce.

    While some parts still read a table, others may write what is for the next time: so there are two
    tables, which take turns.

    is_alone: this part has the whole batch, and waits for nobody.
    looks: whether waiting begins with looking out; not where parts take turns on one core.
    """

    def __init__(self, group: AllReduce, part: int) -> None:
        self._group, self._part = group, part
        self._tables: dict[tuple[int, Shape], Array] = {}
        self.is_alone, self.looks = False, True
        self.begin()

    def begin(self) -> None:
        """Forget what was waited for."""
        self._turn, self._brief_looks, self._doubt = 0, 0, 0.0

    def total(self, sums: Array) -> Array:
        """The sum over all parts, in a fixed order."""
        if self.is_alone:
            return sums
        table = self._table(sums.shape)
        table[self._part] = sums
        self._turn = 1 - self._turn
        arrived, others = self._group.arrived, range(self._group.size)
        for other in others:
            if other != self._part:
                arrived[self._part][other].release()
        for other in others:
            if other != self._part:
                self._wait_for(arrived[other][self._part])
        total: Array = table.sum(axis=0)
        return total

    def _table(self, shape: Shape) -> Array:
        """(size, *shape) for each part to write its own numbers into."""
        key = self._turn, shape
        if key not in self._tables:
            size = self._group.size
            numbers = self._group.memory[self._turn].reshape(-1)[: size * math.prod(shape)]
            self._tables[key] = numbers.reshape(size, *shape)
        return self._tables[key]

    def _wait_for(self, arrival: Semaphore) -> None:
        if not self.looks:
            self._group.wait(arrival, 0.0)
        elif self._brief_looks:
            self._brief_looks -= 1
            self._group.wait(arrival, BRIEF_LOOK_SECONDS)
        elif self._group.wait(arrival, LOOK_SECONDS):
            self._doubt = max(self._doubt - REGAINED, 0.0)
        else:
            self._brief_looks = int(self._doubt)
            self._doubt = min(2 * self._doubt + 1, MOST_BRIEF_LOOKS)
