"""Layer normalization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.params import Param
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer


@LAYERS.register("layer_norm")
@dataclass(eq=False)
class LayerNorm(Layer):
    """y = g xhat + b,   xhat = (x - mean) / sqrt(var + epsilon)        x, y: (N, ..., D)   g, b: (D,)

    mean and var are taken over a row's last axis, or over the whole row; then g and b have a row's shape.

    With u = g dy:   dx = (u - mean(u) - xhat mean(u xhat)) / sqrt(var + epsilon)
    dg = sum dy xhat      db = sum dy

    Ba, Kiros and Hinton, 2016, Layer normalization, arXiv:1607.06450.

    epsilon: keeps the root above zero.
    over: `last` for the last axis, `row` for all axes of a row.
    """

    epsilon: PositiveFloat = 1e-5
    over: Literal["last", "row"] = "last"
    # Near var = 0 the root is almost a kink. A large epsilon smooths it for numeric differences.
    examples: ClassVar[Sequence[Example]] = [
        ({}, (5,)),
        ({"epsilon": 0.01}, (2, 3)),
        ({"over": "row", "epsilon": 0.1}, (2, 3, 4)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "sigma = sqrt(var(x, k) + epsilon) if over == 'last'",
        "sigma = sqrt(var(x, but=n) + epsilon) if over == 'row'",
        "xhat = (x - mean(x, k)) / sigma if over == 'last'",
        "xhat = (x - mean(x, but=n)) / sigma if over == 'row'",
        "y = gamma * xhat + beta",
        "dgamma = sum(dy * xhat, but=k) if over == 'last'",
        "dgamma = sum(dy * xhat, n) if over == 'row'",
        "dbeta = sum(dy, but=k) if over == 'last'",
        "dbeta = sum(dy, n) if over == 'row'",
        "dxhat = gamma * dy",
        "dx = (dxhat - mean(dxhat, k) - xhat * mean(dxhat * xhat, k)) / sigma if over == 'last'",
        "dx = (dxhat - mean(dxhat, but=n) - xhat * mean(dxhat * xhat, but=n)) / sigma if over == 'row'",
    )

    def build(self, shape: Shape) -> Shape:
        normalized = shape if self.over == "row" else shape[-1:]
        self.gamma = Param(normalized, Constant(1.0), decay=False)
        self.beta = Param(normalized, Zeros(), decay=False)
        self._axes = tuple(range(-len(normalized), 0))
        self._others = tuple(range(len(shape) + 1 - len(normalized)))
        return shape

    def forward(self, x: Array, y: Array) -> None:
        xhat, inverse = self.scratch_like("xhat", x), self._per_row("inverse", x)
        np.mean(x, axis=self._axes, keepdims=True, out=inverse)
        np.subtract(x, inverse, out=xhat)
        np.square(xhat, out=y)
        np.mean(y, axis=self._axes, keepdims=True, out=inverse)
        inverse += self.epsilon
        np.sqrt(inverse, out=inverse)
        np.divide(1.0, inverse, out=inverse)
        xhat *= inverse
        np.multiply(xhat, self.gamma.value, out=y)
        y += self.beta.value

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        product = self.scratch_like("product", x)
        np.multiply(dy, self.scratch_like("xhat", x), out=product)
        np.sum(product, axis=self._others, out=self.gamma.grad)
        np.sum(dy, axis=self._others, out=self.beta.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        xhat = self.scratch_like("xhat", x)
        product = self.scratch_like("product", x)
        np.multiply(dy, self.gamma.value, out=dx)
        np.multiply(dx, xhat, out=product)
        mean = self._per_row("mean", x)
        np.mean(product, axis=self._axes, keepdims=True, out=mean)
        np.multiply(xhat, mean, out=product)
        dx -= np.mean(dx, axis=self._axes, keepdims=True, out=mean)
        dx -= product
        dx *= self._per_row("inverse", x)

    def _per_row(self, name: str, x: Array) -> Array:
        """One number for each normalized group, with its axes kept."""
        kept = x.shape[: x.ndim - len(self._axes)]
        return self.scratch(name, (*kept, *(1 for _ in self._axes)), x.dtype)
