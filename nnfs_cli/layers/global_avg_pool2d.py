"""The mean of each channel of an image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, ones
from nnfs_cli.core.formula import Formula, stated
from nnfs_cli.kernels.windows import batch_last, image_shape
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("global_avg_pool2d")
@dataclass(eq=False)
class GlobalAvgPool2D(Layer):
    """y[c] = mean over r, s of x[c, r, s]        x: (N, C, H, W)   y: (N, C)

    dx[c, r, s] = dy[c] / (H W)

    Lin, Chen and Yan, 2014, Network in network, arXiv:1312.4400.
    """

    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [({}, (2, 3, 4)), ({}, (3, 1, 1)), ({}, (1, 5, 2))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = mean(x, r, s)",
        "dx = spread(dy, x) / (H * W)",
    )

    def build(self, shape: Shape) -> Shape:
        channels, *image = image_shape(shape)
        self._pixels = math.prod(image)
        return (channels,)

    def equations(self) -> tuple[Formula, ...]:
        return stated(self.formulas, {"H": 0, "W": 0})  # numbers as options are

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "H": x.shape[2], "W": x.shape[3]}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        return math.prod(x)

    def forward(self, x: Array, y: Array) -> None:
        n, channels = x.shape[:2]
        sums = self.scratch("sums", (channels, n), x.dtype)
        pixels = batch_last(x).reshape(channels, self._pixels, n)
        np.matmul(ones(self._pixels, x.dtype), pixels, out=sums)  # by BLAS, in a quarter of the time
        np.divide(sums, self._pixels, out=y.T)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        share = self.scratch("share", (dy.shape[1], 1, 1, len(dy)), dy.dtype)
        np.divide(dy.T, self._pixels, out=share[:, 0, 0])
        np.copyto(batch_last(dx), share)

    def output_range(self, x: Range) -> Range:
        return x
