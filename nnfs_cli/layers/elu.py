"""The exponential linear unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("elu")
@dataclass(eq=False)
class ELU(Layer):
    """y = x where x > 0, else alpha (exp(x) - 1)        x, y: (N, ...)

    dx = dy where x > 0, else dy (y + alpha).

    Clevert, Unterthiner and Hochreiter, 2016, Fast and accurate deep network learning by exponential
    linear units (ELUs), arXiv:1511.07289.

    alpha: y tends to -alpha as x goes to minus infinity.
    """

    alpha: PositiveFloat = 1.0
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({"alpha": 0.4}, (2, 3))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = where(x > 0, x, alpha * (exp(x) - 1))",
        "dx = dy * where(x > 0, 1, y + alpha)",
    )

    def forward(self, x: Array, y: Array) -> None:
        positive = self.scratch_like("positive", x)
        np.maximum(x, 0.0, out=positive)
        np.minimum(x, 0.0, out=y)
        np.expm1(y, out=y)
        y *= self.alpha
        y += positive

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        negative = self.scratch_like("positive", x)
        np.minimum(y, 0.0, out=negative)
        np.greater(x, 0.0, out=dx)
        dx *= 1.0 - self.alpha
        dx += self.alpha
        dx += negative
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-self.alpha, math.inf)
