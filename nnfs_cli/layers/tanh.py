"""The hyperbolic tangent."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range


@LAYERS.register("tanh")
@dataclass(eq=False)
class Tanh(Layer):
    """y = tanh(x)        x, y: (N, ...)

    dx = dy (1 - y^2)
    """

    formulas: ClassVar[tuple[str, ...]] = (
        "y = tanh(x)",
        "dx = dy * (1 - y**2)",
    )

    def forward(self, x: Array, y: Array) -> None:
        np.tanh(x, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(y, y, out=dx)
        np.subtract(1.0, dx, out=dx)
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-1.0, 1.0)
