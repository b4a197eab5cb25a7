"""The smooth rectifier."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("softplus")
@dataclass(eq=False)
class Softplus(Layer):
    """y = log(1 + exp(b x)) / b        x, y: (N, ...)

    dx = dy / (1 + exp(-b x)), which is dy (1 - exp(-b y)).

    Dugas, Bengio, Belisle, Nadeau and Garcia, 2001, Incorporating second-order functional knowledge for
    better option pricing. Unlike PyTorch's, it is exact for b x > 20 too.

    beta: b; the larger, the closer to ReLU.
    """

    beta: PositiveFloat = 1.0
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({"beta": 3.0}, (2, 3))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = log(1 + exp(beta * x)) / beta",
        "dx = dy / (1 + exp(-beta * x))",
    )

    def forward(self, x: Array, y: Array) -> None:
        # max(b x, 0) + log(1 + exp(-|b x|)) is the same function, and cannot overflow.
        np.multiply(x, self.beta, out=y)
        small = self.scratch_like("small", x)
        np.negative(y, out=small)
        np.minimum(small, y, out=small)
        np.exp(small, out=small)
        np.log1p(small, out=small)
        np.maximum(y, 0.0, out=y)
        y += small
        y /= self.beta

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(y, -self.beta, out=dx)
        np.expm1(dx, out=dx)
        np.negative(dx, out=dx)
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (0.0, math.inf)
