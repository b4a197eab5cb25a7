"""The sigmoid linear unit, also known as swish."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range


@LAYERS.register("silu")
@dataclass(eq=False)
class SiLU(Layer):
    """y = x s,   s = 1 / (1 + exp(-x))        x, y: (N, ...)

    dx = dy (s + y (1 - s))

    Elfwing, Uchibe and Doya, 2018, Sigmoid-weighted linear units, arXiv:1702.03118; Ramachandran, Zoph
    and Le, 2017, Searching for activation functions, arXiv:1710.05941.
    """

    formulas: ClassVar[tuple[str, ...]] = (
        "s = 1 / (1 + exp(-x))",
        "y = x * s",
        "dx = dy * (s + y * (1 - s))",
    )

    def forward(self, x: Array, y: Array) -> None:
        s = self.scratch_like("sigmoid", x)
        np.multiply(x, 0.5, out=s)
        np.tanh(s, out=s)
        s += 1.0
        s *= 0.5
        np.multiply(x, s, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        s = self.scratch_like("sigmoid", x)
        np.subtract(1.0, s, out=dx)
        dx *= y
        dx += s
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-0.2785, math.inf)  # about the minimum
