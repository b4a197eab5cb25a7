"""Random numbers for the rows of a batch. They depend on the seed, the step and the row alone."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, is_batch_innermost

DRAWS_PER_STEP = 2**64
"""Distance between the random streams of two steps: more draws than any step needs."""

CHUNK = 2**15
"""Numbers drawn at a time: they fit into a core's cache."""


class Draws:
    """Random numbers for x (n, ...), which holds all rows of a batch, or a part of them.

    Numbers are drawn for the whole batch, layer by layer, and x gets those of its own rows. So a row gets
    the same numbers whether one process computes the batch or several processes compute parts of it.

    step: the step that the next numbers are for. Its random stream begins at the first of them.
    """

    def __init__(self, seed: int | np.random.SeedSequence) -> None:
        self._bit_generator = np.random.PCG64(seed)
        self._start = self._bit_generator.state
        self._rng = np.random.Generator(self._bit_generator)
        self.step = self._first = self._total = 0
        self._begun: int | None = None  # the step whose stream is running
        self._normal: dict[tuple[object, ...], Array] = {}

    @property
    def was_used(self) -> bool:
        """Whether a number was drawn since the last `seek`."""
        return self._begun is not None

    @property
    def rng(self) -> np.random.Generator:
        """The generator itself, for layers whose numbers do not belong to rows."""
        self._begin()
        return self._rng

    def seek(self, step: int, first: int = 0, total: int = 0) -> None:
        """Go to the start of a step's random stream.

        From now on x holds rows of a batch of `total` rows, from row `first` on; all rows if total is 0.
        """
        self.step, self._first, self._total = step, first, total
        self._begun = None

    def bits(self, x: Array) -> Iterator[tuple[tuple[slice, ...], Array]]:
        """Pairs of an index into x and random 16-bit integers for the numbers there, which cover all of x.

        They follow x's order in memory. Each draw of 64 bits gives four, twice as fast as random floats.
        """
        self._begin()
        n, first = len(x), self._first
        total = self._total or n
        if is_batch_innermost(x):
            inner, each = x[0, 0].shape, math.prod(x.shape[2:]) * total
            step = max(CHUNK // max(each, 1), 1)
            for start in range(0, x.shape[1], step):
                here = slice(start, min(start + step, x.shape[1]))
                drawn = self._words(here.stop - here.start, each).reshape(-1, *inner, total)
                yield (slice(None), here), np.moveaxis(drawn[..., first : first + n], -1, 0)
            return
        each = math.prod(x.shape[1:])
        step = max(CHUNK // max(each, 1), 1)
        self._skip(first, each)
        for start in range(0, n, step):
            here = slice(start, min(start + step, n))
            yield (here,), self._words(here.stop - here.start, each).reshape(-1, *x.shape[1:])
        self._skip(total - first - n, each)

    def normal(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Standard normal numbers (..., N); the last axis counts rows. The next call may overwrite them."""
        kind = np.float32 if np.dtype(dtype) == np.float32 else np.float64

        def draw(whole: tuple[int, ...]) -> Array:
            if (whole, kind) not in self._normal:
                self._normal[whole, kind] = np.empty(whole, kind)
            out = self._normal[whole, kind]
            self.rng.standard_normal(dtype=kind, out=out)
            return out

        return self._own_rows(shape, draw)

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform numbers (..., N) from low to high."""
        return self._own_rows(shape, lambda whole: self.rng.uniform(low, high, whole))

    def integers(self, shape: tuple[int, ...], low: int, high: int) -> Array:
        """Uniform integers (..., N) from low to high, both included."""
        return self._own_rows(shape, lambda whole: self.rng.integers(low, high + 1, whole))

    def _begin(self) -> None:
        """Go to the start of the step's stream, unless it is running."""
        if self._begun != self.step:
            self._bit_generator.state = self._start
            self._bit_generator.advance(self.step * DRAWS_PER_STEP)
            self._begun = self.step

    def _own_rows(self, shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Array]) -> Array:
        """Draw for the whole batch, and keep the numbers of x's own rows."""
        *others, n = shape
        return draw((*others, self._total or n))[..., self._first : self._first + n]

    def _words(self, count: int, each: int) -> Array:
        """(count, each) random 16-bit integers. Each row takes whole 64-bit words, so it can be skipped."""
        words = -(-each // 4)
        return self._bit_generator.random_raw(count * words).view(np.uint16).reshape(count, -1)[:, :each]

    def _skip(self, count: int, each: int) -> None:
        if count:
            self._bit_generator.advance(count * -(-each // 4))
