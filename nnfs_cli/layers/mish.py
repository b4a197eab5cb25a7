"""Mish."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range

LARGE = 20.0
"""Above this x, t is 1 even in float64. Below it, exp(x)^2 does not overflow in float32."""


@LAYERS.register("mish")
@dataclass(eq=False)
class Mish(Layer):
    """y = x t,   t = tanh(log(1 + exp(x)))        x, y: (N, ...)

    dx = dy (t + x (1 - t^2) s),   s = 1 / (1 + exp(-x))

    Misra, 2020, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
    """

    formulas: ClassVar[tuple[str, ...]] = (
        "t = tanh(log(1 + exp(x)))",
        "y = x * t",
        "dx = dy * (t + x * (1 - t**2) / (1 + exp(-x)))",
    )

    def forward(self, x: Array, y: Array) -> None:
        e, t = self.scratch_like("exp", x), self.scratch_like("tanh", x)
        # With e = exp(x), t is e (e + 2) / (e (e + 2) + 2) and s is e / (e + 1): one exponential for all.
        np.minimum(x, LARGE, out=e)
        np.exp(e, out=e)
        np.add(e, 2.0, out=t)
        t *= e
        np.add(t, 2.0, out=y)
        t /= y
        np.multiply(x, t, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        e, t = self.scratch_like("exp", x), self.scratch_like("tanh", x)
        slope = self.scratch_like("slope", x)
        np.add(e, 1.0, out=slope)
        np.divide(e, slope, out=slope)
        slope *= x
        np.multiply(t, t, out=dx)
        np.subtract(1.0, dx, out=dx)
        dx *= slope
        dx += t
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-0.3089, math.inf)  # about the minimum
