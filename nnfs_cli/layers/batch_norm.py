"""Batch normalization."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.params import Param, Statistic
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer


@LAYERS.register("batch_norm")
@dataclass(eq=False)
class BatchNorm(Layer):
    """y = g xhat + b,   xhat = (x - mean) / sqrt(var + epsilon)        x, y: (N, C, ...)   g, b: (C,)

    In training mean and var are taken over each channel's m numbers in the batch: over N and all axes
    after C. In evaluation they are running averages, which training updates: running <- (1 - momentum)
    running + momentum batch, with the unbiased variance (divided by m - 1), as in PyTorch: its mean over
    batches is the variance of the data for any m > 1. If m = 1, as in the last batch of 33 rows in batches
    of 32, there is no variance: y = b, and the running averages stay. PyTorch refuses m = 1.

    dg = sum dy xhat      db = sum dy      dx = g / sqrt(var + epsilon) (dy - db / m - xhat dg / m)

    xhat is not kept: dg = (sum dy x - mean db) / sqrt(var + epsilon).

    Ioffe and Szegedy, 2015, Batch normalization, arXiv:1502.03167.

    epsilon: keeps the root above zero.
    momentum: the weight of a new batch in the running averages.
    frozen: true to normalize by the running averages in training too, and to keep them unchanged.
    """

    epsilon: PositiveFloat = 1e-5
    momentum: Annotated[float, Ge(0), Le(1)] = 0.1
    frozen: bool = False
    # Near var = 0 the root is almost a kink. A large epsilon smooths it for numeric differences.
    examples: ClassVar[Sequence[Example]] = [
        ({"epsilon": 0.01}, (5,)),
        ({"epsilon": 0.01}, (2, 3, 4)),
        ({"epsilon": 0.1, "momentum": 0.5}, (3, 2)),
        ({"frozen": True}, (5,)),
        ({"frozen": True}, (2, 3, 4)),
    ]
    mixes_rows: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = (
        "sigma = sqrt(var(x, but=c) + epsilon) if not frozen",
        "sigma = sqrt(running_var[c] + epsilon) if frozen",
        "xhat = (x - mean(x, but=c)) / sigma if not frozen",
        "xhat = (x - running_mean[c]) / sigma if frozen",
        "y = gamma[c] * xhat + beta[c]",
        "dgamma = sum(dy * xhat, but=c)",
        "dbeta = sum(dy, but=c)",
        "dxhat = gamma[c] * dy",
        "dx = (dxhat - mean(dxhat, but=c) - xhat * mean(dxhat * xhat, but=c)) / sigma if not frozen",
        "dx = dxhat / sigma if frozen",
    )
    infer_formulas: ClassVar[tuple[str, ...]] = (
        "y = gamma[c] * (x - running_mean[c]) / sqrt(running_var[c] + epsilon) + beta[c]",
    )

    def build(self, shape: Shape) -> Shape:
        channels = shape[0]
        self.gamma = Param((channels,), Constant(1.0), decay=False)
        self.beta = Param((channels,), Zeros(), decay=False)
        self.running_mean = Statistic((channels,), 0.0)
        self.running_var = Statistic((channels,), 1.0)
        self._broadcast = (channels, *(1 for _ in shape[1:]))
        self.fewest_rows = 2 if math.prod(shape[1:]) == 1 and not self.frozen else 1
        return shape

    def forward(self, x: Array, y: Array) -> None:
        if self.frozen:
            self._mean, self._inverse = self.running_mean.value, self._inverse_root(self.running_var.value)
            self.infer(x, y)
            return
        self._m = x.size // x.shape[1]
        self._mean = _total(x) / self._m
        np.subtract(x, self._wide(self._mean), out=y)
        var = _total(y, y) / self._m
        self._inverse = self._inverse_root(var)
        y *= self._wide(self.gamma.value * self._inverse)
        y += self._wide(self.beta.value)
        self._gather(self._mean, var)

    def infer(self, x: Array, y: Array) -> None:
        factor = self.gamma.value * self._inverse_root(self.running_var.value)
        np.multiply(x, self._wide(factor), out=y)
        y += self._wide(self.beta.value - factor * self.running_mean.value)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        self.beta.grad[...] = _total(dy)
        self.gamma.grad[...] = (_total(dy, x) - self._mean * self.beta.grad) * self._inverse

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        factor = self.gamma.value * self._inverse
        if self.frozen:
            np.multiply(dy, self._wide(factor), out=dx)
            return
        dg, db = self.gamma.grad / self._m, self.beta.grad / self._m
        # dy - db / m - xhat dg / m, where xhat = (x - mean) inverse
        np.multiply(x, self._wide(-self._inverse * dg), out=dx)
        dx += dy
        dx += self._wide(self._inverse * dg * self._mean - db)
        dx *= self._wide(factor)

    def _inverse_root(self, var: Array) -> Array:
        inverse: Array = 1.0 / np.sqrt(var + self.epsilon)
        return inverse

    def _gather(self, mean: Array, var: Array) -> None:
        """Update the running averages by a batch. A single number says nothing about the variance."""
        if self._m == 1:
            return
        unbiased = var * (self._m / (self._m - 1))
        for running, batch in ((self.running_mean, mean), (self.running_var, unbiased)):
            running.value *= 1.0 - self.momentum
            running.value += self.momentum * batch

    def _wide(self, per_channel: Array) -> Array:
        """(C,) in a shape that broadcasts over x's channels."""
        return per_channel.reshape(self._broadcast)


def _total(*factors: Array) -> Array:
    """The sum over each channel of x, or of x y, (N, C, ...) -> (C,), in float64."""
    dtype = factors[0].dtype
    flat = [x.reshape(*x.shape[:2], -1) for x in factors]
    path = ",".join(["nci"] * len(factors)) + "->c"
    total: Array = np.einsum(path, *flat, dtype=np.result_type(dtype, np.float64))
    return total.astype(dtype)
