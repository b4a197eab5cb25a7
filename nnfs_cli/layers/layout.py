"""The memory order of activations: the batch axis first, or innermost where that is faster."""

import math

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import Arena, aligned
from nnfs_cli.core.arrays import Array, Shape, is_batch_innermost
from nnfs_cli.layers.base import Layer

NARROW = 32
"""Rows with fewer numbers than this lie batch innermost in memory."""


def rows_array(n: int, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array (n, *shape): in C order, or batch innermost (contiguous along n) if rows are narrow.

    Softmax and sums over the few numbers of a row are two to three times as fast if NumPy can run along
    all rows. BLAS is as fast in either order.
    """
    if math.prod(shape) < NARROW:
        return np.moveaxis(aligned((*shape, n), dtype), -1, 0)
    return aligned((n, *shape), dtype)


def image_array(n: int, shape: Shape, dtype: npt.DTypeLike, arena: Arena) -> Array:
    """An array (n, *shape), batch innermost."""
    return np.moveaxis(arena.zeros((*shape, n), dtype), -1, 0)


def output_array(layer: Layer, x: Array, shape: Shape, arena: Arena) -> Array:
    """The array for `layer`'s output for x, with rows of `shape`: a view of x, or a new array.

    Images are batch innermost. So are outputs of x's shape if x is: arithmetic on two arrays of different
    order takes ten times as long.
    """
    y = layer.view(x)
    if y is not None:
        return y
    like_x = is_batch_innermost(x) and (len(shape) == 3 or shape == x.shape[1:])
    if like_x or (len(shape) == 3 and layer.images):
        return image_array(len(x), shape, x.dtype, arena)
    return rows_array(len(x), shape, x.dtype)
