"""The leaky rectified linear unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import Fraction
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("leaky_relu")
@dataclass(eq=False)
class LeakyReLU(Layer):
    """y = x where x > 0, else a x        x, y: (N, ...)

    dx = dy where x > 0, else a dy.

    Maas, Hannun and Ng, 2013, Rectifier nonlinearities improve neural network acoustic models.

    negative_slope: a, the slope for x below 0.
    """

    negative_slope: Fraction = 0.01
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({"negative_slope": 0.3}, (2, 3))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = where(x > 0, x, negative_slope * x)",
        "dx = dy * where(x > 0, 1, negative_slope)",
    )

    def forward(self, x: Array, y: Array) -> None:
        np.multiply(x, self.negative_slope, out=y)
        np.maximum(x, y, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.greater(x, 0.0, out=dx)
        dx *= 1.0 - self.negative_slope
        dx += self.negative_slope
        dx *= dy

    def output_range(self, x: Range) -> Range:
        a = self.negative_slope
        low, high = (max(end, a * end if a else 0.0) for end in x)
        return (low, high)
