"""All-reduce: in the middle of a pass, parts of a batch add up sums, and each gets the same total."""

import math
import multiprocessing
import threading
from collections.abc import Callable

import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.speed.workers import SPIN_SECONDS, Semaphore, can_fork, shared

SHORT_SPIN_SECONDS, MOST_SHORT_SPINS, RECOVERY = 3e-5, 63, 0.02
"""The spin time after a spin in vain: the others may be waiting for the very core on which this part spins.

After each full spin in vain, about twice as many short spins follow as after the one before (0, 1, 3, ..., up
to MOST_SHORT_SPINS). Each full spin that succeeds lowers that number by RECOVERY.
"""

Wait = Callable[[Semaphore, float], bool]


class AllReduce:
    """A group of `size` parts that add up arrays. All parts get the same total, to the bit.

    capacity: the largest size of the arrays.
    wait: acquires a semaphore; it spins for a number of seconds before it sleeps.
    """

    def __init__(self, size: int, capacity: int, dtype: npt.DTypeLike, wait: Wait) -> None:
        self.size, self.wait = size, wait
        self.memory = shared((2, size, capacity), dtype)
        self.members = [Member(self, part) for part in range(size)]

    def open(self) -> None:
        """Make the semaphores. Call it before the workers start."""
        make = multiprocessing.get_context("fork").Semaphore if can_fork() else threading.Semaphore
        self.arrived: list[list[Semaphore]] = [[make(0) for _ in self.members] for _ in self.members]


class Member:
    """One part's side of an all-reduce.

    There are two tables, used in turn: when some parts write the sums of the next all-reduce, others may
    still read those of this one.

    is_alone: this part computes the whole batch, so that its sums are the totals.
    """

    def __init__(self, group: AllReduce, part: int) -> None:
        self._group, self._part = group, part
        self._tables: dict[tuple[int, Shape], Array] = {}
        self.is_alone = False
        self._short_spins_left, self._short_spins = 0, 0.0
        self.begin(spins=True)

    def begin(self, *, spins: bool) -> None:
        """Begin a step. All parts begin with the same table, whichever process computed the last step.

        spins: whether waiting begins with a spin. Not if several parts share a process.
        """
        self._turn, self._spins = 0, spins

    def sum(self, own: Array) -> Array:
        """The sum of all parts' arrays, added up in a fixed order; `own` is this part's."""
        if self.is_alone:
            return own
        table = self._table(own.shape)
        table[self._part] = own
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
        """(size, *shape), a row for each part's array."""
        key = self._turn, shape
        if key not in self._tables:
            size = self._group.size
            numbers = self._group.memory[self._turn].reshape(-1)[: size * math.prod(shape)]
            self._tables[key] = numbers.reshape(size, *shape)
        return self._tables[key]

    def _wait_for(self, arrival: Semaphore) -> None:
        if not self._spins:
            self._group.wait(arrival, 0.0)
        elif self._short_spins_left:
            self._short_spins_left -= 1
            self._group.wait(arrival, SHORT_SPIN_SECONDS)
        elif self._group.wait(arrival, SPIN_SECONDS):
            self._short_spins = max(self._short_spins - RECOVERY, 0.0)
        else:
            self._short_spins_left = int(self._short_spins)
            self._short_spins = min(2 * self._short_spins + 1, MOST_SHORT_SPINS)
