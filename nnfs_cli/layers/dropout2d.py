"""Dropout of whole channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.ranges import Fraction
from nnfs_cli.kernels.windows import batch_last, image_shape
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("dropout2d")
@dataclass(eq=False)
class Dropout2D(Layer):
    """y[c] = m[c] x[c],   m = 1/(1 - rate) with probability 1 - rate, else 0

    x, y: (N, C, H, W)   m: (N, C)

    dx[c] = m[c] dy[c]. In training each row of each batch draws a mask of its own; in evaluation y = x.
    Neighboring pixels are so similar that dropping single ones, as dropout does, hides little.

    Tompson, Goroshin, Jain, LeCun and Bregler, 2015, Efficient object localization using convolutional
    networks, arXiv:1411.4280.

    rate: the probability that a channel is dropped.
    """

    rate: Fraction = 0.5
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({}, (3, 2, 4)),
        ({"rate": 0.2}, (2, 3, 1)),
        ({"rate": 0.0}, (1, 2, 2)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = m[n, c] * x",
        "dx = m[n, c] * dy",
    )
    infer_formulas: ClassVar[tuple[str, ...]] = ("y = x",)

    def build(self, shape: Shape) -> Shape:
        return image_shape(shape)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "m": self._last[:, 0, 0].T}

    def forward(self, x: Array, y: Array) -> None:
        m = self._mask(x)
        np.less(self.draws.uniform(m.shape), 1.0 - self.rate, out=m)
        m *= 1.0 / (1.0 - self.rate)
        np.multiply(batch_last(x), m, out=batch_last(y))
        self._last = m

    def infer(self, x: Array, y: Array) -> None:
        np.copyto(y, x)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(batch_last(dy), self._mask(x), out=batch_last(dx))

    def output_range(self, x: Range) -> Range:
        return x

    def _mask(self, x: Array) -> Array:
        """m as (C, 1, 1, N)."""
        return self.scratch("mask", (x.shape[1], 1, 1, len(x)), x.dtype)
