"""Batch normalization."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from nnfs_cli.core.arrays import Array, Shape, ones
from nnfs_cli.core.params import Param, Statistic
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer

NUMBERS_TOGETHER = 2**17
"""That are gone over several times in a row; with what is made of them, they stay in a core's cache."""


@LAYERS.register("batch_norm")
@dataclass(eq=False)
class BatchNorm(Layer):
    """y = g xhat + b,   xhat = (x - mean) / sqrt(var + epsilon)        x, y: (N, C, ...)   g, b: (C,)

    mean and var are each channel's over the m numbers that the batch has of it: over N, and over all
    further axes of a row. In evaluation they are running averages, gathered in training:
    running <- (1 - momentum) running + momentum batch's, with the unbiased variance (m - 1), as PyTorch.
    A batch with m = 1, which PyTorch refuses, gives y = b and counts as one of variance 0.

    dg = sum dy xhat      db = sum dy      dx = g / sqrt(var + epsilon) (dy - db / m - xhat dg / m)

    xhat is not kept: dg = (sum dy x - mean db) / sqrt(var + epsilon).

    Ioffe and Szegedy, 2015, Batch normalization, arXiv:1502.03167.

    epsilon: keeps the root away from zero.
    momentum: how much of each batch goes into the running averages.
    frozen: normalize by the running averages in training too, and leave them as they are.
    """

    epsilon: PositiveFloat = 1e-5
    momentum: Annotated[float, Ge(0), Le(1)] = 0.1
    frozen: bool = False
    # Two equal numbers in a channel are a kink but for epsilon: numeric differences need it large.
    examples: ClassVar[Sequence[Example]] = [
        ({"epsilon": 0.01}, (5,)),
        ({"epsilon": 0.01}, (2, 3, 4)),
        ({"epsilon": 0.1, "momentum": 0.5}, (3, 2)),
        ({"frozen": True}, (5,)),
        ({"frozen": True}, (2, 3, 4)),
    ]
    mixes_rows: ClassVar[bool] = True
    sums_over_batch: ClassVar[bool] = True
    by_feature: ClassVar[bool] = True

    def build(self, shape: Shape) -> Shape:
        channels = shape[0]
        self.gamma = Param((channels,), Constant(1.0), decay=False)
        self.beta = Param((channels,), Zeros(), decay=False)
        self.running_mean = Statistic((channels,), 0.0)
        self.running_var = Statistic((channels,), 1.0)
        self._broadcast = (channels, *(1 for _ in shape[1:]))
        return shape

    def forward(self, x: Array, y: Array) -> None:
        if self.frozen:
            self._mean, self._inverse = self.running_mean.value, self._of_running_var()
            self.infer(x, y)
            return
        sums = self.scratch("sums", (x.shape[1] + 1,), x.dtype)
        sums[:-1], sums[-1] = self._sum(x), x.size // x.shape[1]
        total = self.whole_batch(sums)
        self._m = total[-1]
        self._mean = total[:-1] / self._m
        squares, mean = self.scratch("squares", self._mean.shape, x.dtype), self._wide(self._mean)
        for some in _pieces(x):
            centered = np.subtract(x[:, some], mean[some], out=y[:, some])
            squares[some] = self._dot(centered, centered)
        var = self.whole_batch(squares) / self._m
        self._inverse = 1.0 / np.sqrt(var + self.epsilon)
        self._gather(self._mean, var)
        factor, beta = self._wide(self.gamma.value * self._inverse), self._wide(self.beta.value)
        for some in _pieces(y):
            part = y[:, some]
            part *= factor[some]
            part += beta[some]

    def infer(self, x: Array, y: Array) -> None:
        factor = self.gamma.value * self._of_running_var()
        np.multiply(x, self._wide(factor), out=y)
        y += self._wide(self.beta.value - factor * self.running_mean.value)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        dg, db = self.gamma.grad, self.beta.grad
        for some in _pieces(dy):
            db[some] = self._sum(dy[:, some])
            dg[some] = self._dot(dy[:, some], x[:, some])
        dg -= self._mean * db
        dg *= self._inverse

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        factor = self._wide(self.gamma.value * self._inverse)
        if self.frozen:
            np.multiply(dy, factor, out=dx)
            return
        sums = self.whole_batch(np.concatenate([self.gamma.grad, self.beta.grad])) / self._m
        dg, db = sums.reshape(2, -1)
        slope = self._inverse * dg
        down, up = self._wide(-slope), self._wide(slope * self._mean - db)
        for some in _pieces(dx):
            part = np.multiply(x[:, some], down[some], out=dx[:, some])
            part += dy[:, some]
            part += up[some]
            part *= factor[some]

    def _of_running_var(self) -> Array:
        return 1.0 / np.sqrt(self.running_var.value + self.epsilon)

    def _gather(self, mean: Array, var: Array) -> None:
        unbiased = var * (self._m / max(self._m.real - 1, 1))
        for running, batch in ((self.running_mean, mean), (self.running_var, unbiased)):
            running.value *= 1.0 - self.momentum
            running.value += self.momentum * batch

    def _sum(self, x: Array) -> Array:
        """Over all that a channel has, (N, C, ...) -> (C,): by BLAS, in a third of the time of np.sum."""
        if x.ndim == 2:
            total: Array = np.dot(ones(len(x), x.dtype), x)
        else:
            stretches = _stretches(x)
            total = np.matmul(stretches, ones(stretches.shape[-1], x.dtype)).sum(axis=0)
        return total

    def _dot(self, a: Array, b: Array) -> Array:
        """The sum of a b over all that a channel has, (C,)."""
        if a.ndim > 2 and a.strides == b.strides:
            dots = np.matmul(_stretches(a)[..., None, :], _stretches(b)[..., None])
            total: Array = dots.sum(axis=(0, 2, 3))
            return total
        product = self.scratch_like("product", a)
        np.multiply(a, b, out=product)
        return self._sum(product)

    def _wide(self, per_channel: Array) -> Array:
        """(C,) so that it meets x's channels."""
        return per_channel.reshape(self._broadcast)


def _pieces(x: Array) -> Iterator[slice]:
    """Some channels of x (N, C, ...) at a time, so few that several passes over them stay in the cache.

    All at once where a channel's numbers do not lie together.
    """
    together = np.moveaxis(x, 0, -1).flags.c_contiguous
    step = max(NUMBERS_TOGETHER // max(x[:, 0].size, 1), 1) if together else x.shape[1]
    return (slice(start, start + step) for start in range(0, x.shape[1], step))


def _stretches(x: Array) -> Array:
    """x (N, C, ...) as (A, C, B), a channel's numbers in stretches as they lie in memory, in either order."""
    batch_last = np.moveaxis(x, 0, -1)
    if batch_last.flags.c_contiguous:
        return batch_last.reshape(1, x.shape[1], -1)
    return x.reshape(len(x), x.shape[1], -1)
