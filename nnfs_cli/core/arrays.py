"""Arrays: what they are called, vectors that many share, and how rows are sliced."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int, ...]


@cache
def ones(n: int, dtype: np.dtype[Any]) -> Array:
    """(n,) ones that nobody may write to: by a product with them, BLAS sums over rows faster than `sum`."""
    vector = np.ones(n, dtype)
    vector.flags.writeable = False
    return vector


@cache
def row_numbers(n: int) -> Array:
    """0, 1, ..., n - 1 that nobody may write to: with class numbers, they say where each row's target is."""
    numbers = np.arange(n)
    numbers.flags.writeable = False
    return numbers


def is_batch_innermost(x: Array) -> bool:
    """Whether the rows of x (N, ...) lie side by side in memory, number by number."""
    return x.ndim > 1 and x.strides[0] == x.itemsize and not x.flags.c_contiguous


CACHED = 2**17
"""Numbers that are looked at together: they fit a core's cache, and memory stays flat on any file."""


def slices(n: int, size: int) -> Iterator[slice]:
    """0 to n in slices of `size`; the last may be shorter."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def row_slices(x: Array, rows: int, numbers: int = CACHED) -> Iterator[slice]:
    """Slices of `rows` rows like those of x (R, ...), each of one row or of up to so many numbers."""
    return slices(rows, max(numbers // max(math.prod(x.shape[1:]), 1), 1))
