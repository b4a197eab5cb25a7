"""The scaled exponential linear unit."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range

ALPHA = 1.6732632423543772848170429916717
SCALE = 1.0507009873554804934193349852946


@LAYERS.register("selu")
@dataclass(eq=False)
class SELU(Layer):
    """y = s x where x > 0, else s a (exp(x) - 1),   s = 1.0507, a = 1.6733        x, y: (N, ...)

    dx = s dy where x > 0, else dy (y + s a). With `lecun_normal` weights, activations keep mean 0 and
    variance 1 from layer to layer.

    Klambauer, Unterthiner, Mayr and Hochreiter, 2017, Self-normalizing neural networks, arXiv:1706.02515.
    """

    formulas: ClassVar[tuple[str, ...]] = (
        f"y = {SCALE} * where(x > 0, x, {ALPHA} * (exp(x) - 1))",
        f"dx = dy * where(x > 0, {SCALE}, y + {SCALE * ALPHA})",
    )

    def forward(self, x: Array, y: Array) -> None:
        positive = self.scratch_like("positive", x)
        np.maximum(x, 0.0, out=positive)
        positive *= SCALE
        np.minimum(x, 0.0, out=y)
        np.expm1(y, out=y)
        y *= SCALE * ALPHA
        y += positive

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        negative = self.scratch_like("positive", x)
        np.minimum(y, 0.0, out=negative)
        np.greater(x, 0.0, out=dx)
        dx *= SCALE - SCALE * ALPHA
        dx += SCALE * ALPHA
        dx += negative
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-SCALE * ALPHA, math.inf)
