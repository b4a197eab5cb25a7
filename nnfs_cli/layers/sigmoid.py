"""The logistic sigmoid."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range


@LAYERS.register("sigmoid")
@dataclass(eq=False)
class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x))        x, y: (N, ...)

    dx = dy y (1 - y)
    """

    gives_probabilities: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = (
        "y = 1 / (1 + exp(-x))",
        "dx = dy * y * (1 - y)",
    )

    def forward(self, x: Array, y: Array) -> None:
        # exp(min(x, 0)) / (1 + exp(-|x|)): the same function, without overflow, and exact for y near 0.
        below = self.scratch_like("below", x)
        np.abs(x, out=below)
        np.negative(below, out=below)
        np.exp(below, out=below)
        below += 1.0
        np.minimum(x, 0.0, out=y)
        np.exp(y, out=y)
        y /= below

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.subtract(1.0, y, out=dx)
        dx *= y
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (0.0, 1.0)
