"""Batch normalization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, Param, Shape, Statistic, ones
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer


@LAYERS.register("batch_norm")
@dataclass(eq=False)
class BatchNorm(Layer):
    """y = g xhat + b,   xhat = (x - mean) / sqrt(var + epsilon)        x, y: (N, C, ...)   g, b: (C,)

    mean and var are each channel's over the m numbers that the batch has of it: over N, and over all
    further axes of a row. In evaluation they are running averages, gathered in training:
    running <- (1 - momentum) running + momentum batch's, with the unbiased variance (m - 1), as PyTorch.
    A batch with m = 1, which PyTorch refuses, gives y = b and counts as one of variance 0.

    dg = sum dy xhat      db = sum dy      dx = g / sqrt(var + epsilon) (dy - db / m - xhat dg / m)

    Ioffe and Szegedy, 2015, Batch normalization, arXiv:1502.03167.

    epsilon: keeps the root away from zero.
    momentum: how much of each batch goes into the running averages.
    frozen: normalize by the running averages in training too, and leave them as they are.
    """

    epsilon: float = 1e-5
    momentum: float = 0.1
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

    def __post_init__(self) -> None:
        check_options(
            self,
            epsilon=(self.epsilon > 0, "a positive number"),
            momentum=(0 <= self.momentum <= 1, "from 0 to 1"),
        )

    def build(self, shape: Shape) -> Shape:
        channels = shape[0]
        self.gamma = Param((channels,), Constant(1.0), decay=False)
        self.beta = Param((channels,), Zeros(), decay=False)
        self.running_mean = Statistic((channels,), 0.0)
        self.running_var = Statistic((channels,), 1.0)
        self._broadcast = (channels, *(1 for _ in shape[1:]))
        self._axes = (0, *range(2, len(shape) + 1))
        return shape

    def forward(self, x: Array, y: Array) -> None:
        xhat = self.scratch_like("xhat", x)
        if self.frozen:
            np.subtract(x, self._wide(self.running_mean.value), out=xhat)
            self._inverse = 1.0 / np.sqrt(self.running_var.value + self.epsilon)
        else:
            m = x.size // x.shape[1]
            mean = self._sum(x) / m
            np.subtract(x, self._wide(mean), out=xhat)
            np.square(xhat, out=y)
            var = self._sum(y) / m
            self._inverse = 1.0 / np.sqrt(var + self.epsilon)
            self._gather(mean, var, m)
        xhat *= self._wide(self._inverse)
        np.multiply(xhat, self._wide(self.gamma.value), out=y)
        y += self._wide(self.beta.value)

    def infer(self, x: Array, y: Array) -> None:
        factor = self.gamma.value / np.sqrt(self.running_var.value + self.epsilon)
        np.subtract(x, self._wide(self.running_mean.value), out=y)
        y *= self._wide(factor)
        y += self._wide(self.beta.value)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        product = self.scratch_like("product", x)
        np.multiply(dy, self.scratch_like("xhat", x), out=product)
        self._sum(product, out=self.gamma.grad)
        self._sum(dy, out=self.beta.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        if self.frozen:
            np.multiply(dy, self._wide(self.gamma.value * self._inverse), out=dx)
            return
        m = x.size // len(self._inverse)
        np.multiply(self.scratch_like("xhat", x), self._wide(self.gamma.grad / -m), out=dx)
        dx -= self._wide(self.beta.grad / m)
        dx += dy
        dx *= self._wide(self.gamma.value * self._inverse)

    def _gather(self, mean: Array, var: Array, m: int) -> None:
        for running, batch in ((self.running_mean, mean), (self.running_var, var * (m / max(m - 1, 1)))):
            running.value *= 1.0 - self.momentum
            running.value += self.momentum * batch

    def _sum(self, x: Array, out: Array | None = None) -> Array:
        """Over all that a channel has, (N, C, ...) -> (C,)."""
        if x.ndim == 2:
            return np.dot(ones(len(x), x.dtype), x, out=out)  # by BLAS, in a third of the time
        return np.sum(x, axis=self._axes, out=out)

    def _wide(self, per_channel: Array) -> Array:
        """(C,) so that it meets x's channels."""
        return per_channel.reshape(self._broadcast)
