"""The logistic sigmoid."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.layers.base import LAYERS, Layer


@LAYERS.register("sigmoid")
@dataclass(eq=False)
class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x))        x, y: (N, ...)

    dx = dy y (1 - y)
    """

    def forward(self, x: Array, y: Array) -> None:
        # The same function as (1 + tanh(x / 2)) / 2, which cannot overflow.
        np.multiply(x, 0.5, out=y)
        np.tanh(y, out=y)
        y += 1.0
        y *= 0.5

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.subtract(1.0, y, out=dx)
        dx *= y
        dx *= dy
