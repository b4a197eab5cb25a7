"""The rectified linear unit."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range


@LAYERS.register("relu")
@dataclass(eq=False)
class ReLU(Layer):
    """y = max(x, 0)        x, y: (N, ...)

    dx = dy where y > 0, else 0. At x = 0, which has no derivative, dx is 0.

    Nair and Hinton, 2010, Rectified linear units improve restricted Boltzmann machines.
    """

    formulas: ClassVar[tuple[str, ...]] = (
        "y = max(x, 0)",
        "dx = dy * (y > 0)",
    )

    def forward(self, x: Array, y: Array) -> None:
        np.maximum(x, 0.0, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.greater(y, 0.0, out=dx)  # 1 where y > 0, else 0
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (max(x[0], 0.0), max(x[1], 0.0))
