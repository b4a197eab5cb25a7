"""Gradients of losses as lists of calls, multiplied by a factor where that costs least."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from nnfs_cli.core.arrays import Array, ones, row_numbers
from nnfs_cli.losses.base import Loss
from nnfs_cli.losses.cross_entropy import CrossEntropy
from nnfs_cli.losses.mse import MSE
from nnfs_cli.speed.listed import Call


class ScaledGradient:
    """The gradient of a loss, times `scale`, for arrays z, t and dz that are the same in every step.

    calls: what writes it into dz. Losses without a fast form compute it themselves.
    """

    def __init__(self, loss: Loss, z: Array, t: Array, dz: Array) -> None:
        self._scale, self._factor = 1.0, np.ones((), dz.dtype)
        self._mean = 1.0
        self.calls: list[Call] = []
        if type(loss) is MSE and t.ndim == z.ndim:
            self._mean = 2.0 / z.size
            self.calls += _mse(z, t, dz, self._factor)
        elif type(loss) is CrossEntropy and not loss.label_smoothing and not loss.class_weights:
            self._mean = 1.0 / len(t)
            self.calls += _cross_entropy(z, t, dz, self._factor)
        else:
            self.calls += [partial(loss.gradient, z, t, dz), partial(np.multiply, dz, self._factor, dz)]
        self._factor.fill(self._mean)

    def use_scale(self, scale: float) -> None:
        """Multiply by this number from now on; at first it is 1."""
        if scale != self._scale:
            self._scale = scale
            self._factor.fill(scale * self._mean)


def _mse(z: Array, t: Array, dz: Array, factor: Array) -> Iterator[Call]:
    """dz = factor (z - t)"""
    yield partial(np.subtract, z, t, dz)
    yield partial(np.multiply, dz, factor, dz)


def _cross_entropy(z: Array, t: Array, dz: Array, factor: Array) -> Iterator[Call]:
    """dz = factor (softmax(z) - onehot(t))

    The factor is divided by each row's sum of exponentials before these are multiplied by it, one pass less.
    """
    n, classes = z.shape
    row = np.empty((n, 1), dz.dtype)
    of_rows = row[:, 0]
    yield partial(np.maximum.reduce, z, 1, None, of_rows)
    yield partial(np.subtract, z, row, dz)
    yield partial(np.exp, dz, dz)
    yield partial(dz.dot, ones(classes, dz.dtype), of_rows)
    yield partial(np.divide, factor, row, row)
    yield partial(np.multiply, dz, row, dz)
    yield partial(np.subtract.at, dz, (row_numbers(n), t), factor)
