"""Arrays: their types, constant vectors, and slices of rows."""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

IGNORE_OVERFLOW: dict[str, Any] = {"over": "ignore", "invalid": "ignore"}
"""NumPy's warnings to ignore: where a network diverges, a DivergenceError explains it better."""


@cache
def ones(n: int, dtype: np.dtype[Any]) -> Array:
    """(n,) ones, read-only. A product with them sums over rows by BLAS, which is faster than `np.sum`."""
    vector = np.ones(n, dtype)
    vector.flags.writeable = False
    return vector


@cache
def row_numbers(n: int) -> Array:
    """0, 1, ..., n - 1, read-only. `z[row_numbers(len(t)), t]` are the entries of z for class numbers t."""
    numbers = np.arange(n)
    numbers.flags.writeable = False
    return numbers


def sides(shape: Iterable[object], sign: str = " x ") -> str:
    """A shape to be read: `28 x 28`."""
    return sign.join(map(str, shape))


def is_batch_innermost(x: Array) -> bool:
    """Whether the first axis of x (N, ...) is the contiguous one in memory."""
    return x.ndim > 1 and x.strides[0] == x.itemsize and not x.flags.c_contiguous


def is_channels_last(shape: Shape) -> bool:
    """Whether rows of this shape look like images (H, W, C), and not (C, H, W)."""
    return len(shape) == 3 and shape[2] in (1, 3, 4) and min(shape[:2]) >= 5


CACHED = 2**17
"""Numbers per slice: they fit into a core's cache, and temporary arrays stay small for files of any size."""


def slices(stop: int, size: int, start: int = 0) -> Iterator[slice]:
    """Slices of `size` that cover start to stop; the last may be shorter."""
    return (slice(here, min(here + size, stop)) for here in range(start, stop, size))


def row_slices(x: Array, rows: int, numbers: int = CACHED) -> Iterator[slice]:
    """Slices that cover `rows` rows of x's row shape: up to `numbers` numbers each, and at least one row."""
    return slices(rows, max(numbers // max(math.prod(x.shape[1:]), 1), 1))
