"""Random numbers for the rows of a batch: what a row gets follows from seed, step and row alone."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, is_batch_innermost

STEP = 2**64
"""Draws from the beginning of one step's numbers to the next's: more than any step takes."""

TOGETHER = 2**15
"""Numbers drawn at a time: they stay in a core's cache."""


class Draws:
    """Random numbers for x (n, ...), which holds all rows of a batch or some of them.

    Numbers are drawn for the whole batch, layer by layer, and each x keeps those of its own rows. So a row
    gets the same numbers whether one process computes the batch or several share it.

    was_used: whether anybody has drawn yet.
    step: whose numbers the first draw of all begins with.
    """

    def __init__(self, seed: int | np.random.SeedSequence) -> None:
        self._bits = np.random.PCG64(seed)
        self._beginning = self._bits.state
        self._rng = np.random.Generator(self._bits)
        self.step = self._first = self._total = 0
        self._normal: dict[tuple[object, ...], Array] = {}
        self.was_used = False

    @property
    def rng(self) -> np.random.Generator:
        """The generator itself, for layers that draw without regard to rows."""
        self._use()
        return self._rng

    def begin(self, step: int, first: int = 0, total: int = 0) -> None:
        """Go to where a step's numbers begin. x holds the rows from `first` of `total`; all if total is 0."""
        self.step, self._first, self._total = step, first, total
        if self.was_used:
            self._go()

    def bits(self, x: Array) -> Iterator[tuple[tuple[slice, ...], Array]]:
        """Places in x, and for the numbers there random integers of 16 bits, until x is through.

        In the order in which x lies in memory: four draws in 64 random bits, twice as fast as random floats.
        """
        self._use()
        n, first = len(x), self._first
        total = self._total or n
        if is_batch_innermost(x):
            inner, each = x[0, 0].shape, math.prod(x.shape[2:]) * total
            step = max(TOGETHER // max(each, 1), 1)
            for start in range(0, x.shape[1], step):
                here = slice(start, min(start + step, x.shape[1]))
                drawn = self._words(here.stop - here.start, each).reshape(-1, *inner, total)
                yield (slice(None), here), np.moveaxis(drawn[..., first : first + n], -1, 0)
            return
        each = math.prod(x.shape[1:])
        step = max(TOGETHER // max(each, 1), 1)
        self._skip(first, each)
        for start in range(0, n, step):
            here = slice(start, min(start + step, n))
            yield (here,), self._words(here.stop - here.start, each).reshape(-1, *x.shape[1:])
        self._skip(total - first - n, each)

    def normal(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Standard normal numbers (..., N): the last axis counts rows. The next call may overwrite them."""
        kind = np.float32 if np.dtype(dtype) == np.float32 else np.float64

        def draw(whole: tuple[int, ...]) -> Array:
            if (whole, kind) not in self._normal:
                self._normal[whole, kind] = np.empty(whole, kind)
            out = self._normal[whole, kind]
            self.rng.standard_normal(dtype=kind, out=out)
            return out

        return self._own(shape, draw)

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
        """Numbers from low to high, (..., N) likewise."""
        return self._own(shape, lambda whole: self.rng.uniform(low, high, whole))

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> Array:
        """Integers from low to high, both included, (..., N) likewise."""
        return self._own(shape, lambda whole: self.rng.integers(low, high + 1, whole))

    def _use(self) -> None:
        """Before the first draw of all, go to where the step's numbers begin."""
        if not self.was_used:
            self.was_used = True
            self._go()

    def _go(self) -> None:
        self._bits.state = self._beginning
        self._bits.advance(self.step * STEP)

    def _own(self, shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Array]) -> Array:
        """What is drawn for the whole batch, of the rows at hand."""
        *others, n = shape
        return draw((*others, self._total or n))[..., self._first : self._first + n]

    def _words(self, count: int, each: int) -> Array:
        """(count, each) random integers of 16 bits. Each row takes whole words: any may be skipped."""
        words = -(-each // 4)
        return self._bits.random_raw(count * words).view(np.uint16).reshape(count, -1)[:, :each]

    def _skip(self, count: int, each: int) -> None:
        self._bits.advance(count * -(-each // 4))
