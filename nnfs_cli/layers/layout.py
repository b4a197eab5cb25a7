"""Where a layer writes its output: how arrays of activations lie in memory."""

import math

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import Arena, aligned
from nnfs_cli.core.arrays import Array, Shape, is_batch_innermost
from nnfs_cli.layers.base import Layer

NARROW = 32
"""Numbers a row below which rows lie side by side in memory."""


def rows_array(n: int, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array (n, *shape). Where rows are narrow, n lies innermost in memory.

    Softmax, its loss and sums over a row run along the few numbers of each row: over all rows at
    once they are two to three times as fast. BLAS takes either order as it is.
    """
    if math.prod(shape) < NARROW:
        return np.moveaxis(aligned((*shape, n), dtype), -1, 0)
    return aligned((n, *shape), dtype)


def image_array(n: int, shape: Shape, dtype: npt.DTypeLike, arena: Arena) -> Array:
    """An array (n, *shape) with n innermost in memory."""
    return np.moveaxis(arena.zeros((*shape, n), dtype), -1, 0)


def output_array(layer: Layer, x: Array, shape: Shape, arena: Arena) -> Array:
    """Where `layer` writes its output for x: a view of x, or memory of its own.

    Images, and what element-wise layers make of them, flattened too, stay batch innermost: arithmetic
    on two arrays of different order takes ten times as long.
    """
    y = layer.view(x)
    if y is not None:
        return y
    as_x = is_batch_innermost(x) and (len(shape) == 3 or shape == x.shape[1:])
    if as_x or (len(shape) == 3 and layer.images):
        return image_array(len(x), shape, x.dtype, arena)
    return rows_array(len(x), shape, x.dtype)
