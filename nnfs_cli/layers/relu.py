"""The rectified linear unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Call, Layer, prepared

BITS: dict[np.dtype[Any], type[np.unsignedinteger[Any]]] = {
    np.dtype(np.float32): np.uint32,
    np.dtype(np.float64): np.uint64,
}
"""Integers of as many bits as floats have."""


@LAYERS.register("relu")
@dataclass(eq=False)
class ReLU(Layer):
    """y = max(x, 0)        x, y: (N, ...)

    dx = dy where y > 0, else 0 (at x = 0, where there is no derivative, 0).

    Nair and Hinton, 2010, Rectified linear units improve restricted Boltzmann machines.
    """

    is_monotone: ClassVar[bool] = True
    by_feature: ClassVar[bool] = True

    @prepared
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield partial(np.maximum, x, np.zeros((), x.dtype), out=y)

    @prepared
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> Iterator[Call]:
        yield from _where_positive(y, dy, out=dx)


def _where_positive(y: Array, dy: Array, out: Array) -> Iterator[Call]:
    """out = dy where y > 0, else 0, for y that are nowhere negative: a mask of ones and zeros, times dy.

    NumPy takes longer to turn the booleans of y > 0 into floats than for all the rest (and boolean indexing
    takes 20 times as long). But the bits of 0.0, read as an integer, are 0, and those of every y > 0 are
    more: their sign is the mask, and an integer 1 or 0 times the bits of dy gives those of dy or of 0.0.
    """
    bits = BITS.get(y.dtype)
    if bits is None:
        yield partial(np.greater, y, 0.0, out=out)
    else:
        y, dy, out = y.view(bits), dy.view(bits), out.view(bits)
        yield partial(np.sign, y, out=out)
    yield partial(np.multiply, out, dy, out=out)
