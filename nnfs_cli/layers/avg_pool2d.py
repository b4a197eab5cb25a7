"""Mean over windows of an image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import check_options
from nnfs_cli.kernels.windows import (
    NonNegativeOneOrPair,
    PositiveOneOrPair,
    Windows,
    batch_last,
    image_shape,
    pair,
)
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("avg_pool2d")
@dataclass(eq=False)
class AvgPool2D(Layer):
    """y[c, r, s] = sum over i, j of x[c, r stride + i, s stride + j] / m        x, y: (N, C, H, W)

    i, j run over the window, which has m pixels. dx of a pixel is the sum of dy / m over its windows.

    LeCun, Boser, Denker and others, 1990, Handwritten digit recognition with a back-propagation network.

    pool_size: the window's size, one number for both sides or [height, width].
    stride: the distance between windows, one number or [down, right]; by default the window's size.
    padding: pixels of value 0 at each side, one number or [vertical, horizontal].
    count_include_padding: true if m includes padding; then m is the same for all windows.
    """

    pool_size: PositiveOneOrPair = 2
    stride: PositiveOneOrPair | None = None
    padding: NonNegativeOneOrPair = 0
    count_include_padding: bool = True
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({}, (2, 4, 6)),
        ({"pool_size": (2, 3)}, (1, 5, 7)),
        ({"pool_size": 3, "stride": (2, 1), "padding": 1}, (2, 5, 4)),
        ({"pool_size": 2, "padding": (1, 0), "count_include_padding": False}, (1, 3, 4)),
        ({"pool_size": 1, "stride": 2}, (1, 3, 4)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = window_sum(x, pool_size, stride, padding) / m",
        "dx = window_sum_grad(x, dy / m, pool_size, stride, padding)",
    )

    def __post_init__(self) -> None:
        fits = all(2 * p <= k for p, k in zip(pair(self.padding), pair(self.pool_size), strict=True))
        check_options(self, padding=(fits, "at least 0 and at most half of pool_size"))

    def build(self, shape: Shape) -> Shape:
        channels, *image = image_shape(shape)
        size = pair(self.pool_size)
        stride = size if self.stride is None else pair(self.stride)
        self._windows = Windows.fit((image[0], image[1]), size, stride, self.padding)
        counted = np.zeros((*self._windows.padded, 1))
        self._windows.pad(np.ones((*image, 1)), float(self.count_include_padding), counted)
        m = self._windows.over(counted).sum(axis=(0, 1))
        self._factor = 1.0 / (m[:1, :1] if (m == m[0, 0]).all() else m)
        return (channels, *self._windows.output)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), **self._windows.options(), "m": 1.0 / self._factor[..., 0]}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        return math.prod(y) * math.prod(self._windows.size)

    def forward(self, x: Array, y: Array) -> None:
        seen, total = self._windows.over(self._windows.bordered(self.scratch, x, 0.0)), batch_last(y)
        first, *others = self._windows.places
        np.copyto(total, seen[:, *first])
        for i, j in others:
            total += seen[:, i, j]
        total *= self._factor.astype(x.dtype)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        windows = self._windows
        dpadded = windows.padded_array(self.scratch, "dx", dx)
        share, dseen = batch_last(self.scratch_like("share", dy)), windows.over(dpadded)
        np.multiply(batch_last(dy), self._factor.astype(x.dtype), out=share)
        if not windows.tile:
            dpadded.fill(0.0)
        for i, j in windows.places:
            if windows.overlap:
                dseen[:, i, j] += share
            else:
                np.copyto(dseen[:, i, j], share)
        windows.cut(dpadded, dx)

    def output_range(self, x: Range) -> Range:
        return (min(x[0], 0.0), max(x[1], 0.0)) if any(pair(self.padding)) else x
