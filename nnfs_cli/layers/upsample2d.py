"""Larger images: each pixel repeated, or linear interpolation between pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, SupportsIndex

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.core.memory import shortage
from nnfs_cli.kernels.windows import PositiveOneOrPair, batch_last, image_shape, pair
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range

ALONG_ROWS: list[tuple[SupportsIndex, SupportsIndex]] = [(0, 1), (1, 3), (1, 3)]
ALONG_COLUMNS: list[tuple[SupportsIndex, SupportsIndex]] = [(0, 1), (2, 3), (2, 3)]
"""The axes of images (C, H, W, N) that np.matmul multiplies: H and N, or W and N."""


@LAYERS.register("upsample2d")
@dataclass(eq=False)
class Upsample2D(Layer):
    """y[c, r, s] = x[c, floor(r / fh), floor(s / fw)]        x: (N, C, H, W)   y: (N, C, fh H, fw W)

    dx is the sum of dy over a pixel's copies. This is `nearest`. For `bilinear`

    y[c] = R x[c] S^T        dx[c] = R^T dy[c] S        R: (fh H, H)   S: (fw W, W)

    A row of R holds the weights of the two rows of x nearest to a row of y. They follow from the distances of
    the pixels' centers; beyond the edge the last pixel is repeated (PyTorch's align_corners=False). S is
    the same for columns.

    factor: fh and fw, one number for both or [down, right].
    mode: `nearest` repeats pixels, `bilinear` interpolates linearly between them.
    """

    factor: PositiveOneOrPair = 2
    mode: Literal["nearest", "bilinear"] = "nearest"
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({}, (2, 3, 2)),
        ({"factor": (1, 3)}, (1, 2, 4)),
        ({"mode": "bilinear"}, (2, 3, 4)),
        ({"factor": (3, 2), "mode": "bilinear"}, (1, 1, 2)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = repeat(x, factor) if mode == 'nearest'",
        "y = R @ x @ S.T if mode == 'bilinear'",
        "dx = sum_copies(dy, factor) if mode == 'nearest'",
        "dx = R.T @ dy @ S if mode == 'bilinear'",
    )

    def build(self, shape: Shape) -> Shape:
        channels, height, width = image_shape(shape)
        down, right = pair(self.factor)
        rows, columns = down * height, right * width
        # An image, and the weights with what computing them takes.
        lacking = shortage(4 * channels * rows * columns + 3 * 8 * (rows * height + columns * width))
        if lacking:
            raise ShapeError(f"makes images of {rows:,} x {columns:,} pixels: one {lacking}")
        self._R, self._S = _weights(height, down), _weights(width, right)
        return (channels, down * height, right * width)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "R": self._R, "S": self._S}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        """An interpolated pixel takes two along a column, then two along a row. Copying takes none."""
        channels, height, width = y
        return 2 * channels * height * (x[2] + width) if self.mode == "bilinear" else 0

    def forward(self, x: Array, y: Array) -> None:
        if self.mode == "nearest":
            np.copyto(self._copies(y), batch_last(x)[:, :, None, :, None])
        else:
            R, S, between = self._R.astype(x.dtype), self._S.astype(x.dtype), self._between(x)
            np.matmul(R, batch_last(x), out=between, axes=ALONG_ROWS)
            np.matmul(S, between, out=batch_last(y), axes=ALONG_COLUMNS)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        if self.mode == "nearest":
            first, *others = np.ndindex(pair(self.factor))
            copies, total = self._copies(dy), batch_last(dx)
            np.copyto(total, copies[:, :, first[0], :, first[1]])
            for i, j in others:
                total += copies[:, :, i, :, j]
        else:
            R, S, between = self._R.astype(x.dtype), self._S.astype(x.dtype), self._between(x)
            np.matmul(S.T, batch_last(dy), out=between, axes=ALONG_COLUMNS)
            np.matmul(R.T, between, out=batch_last(dx), axes=ALONG_ROWS)

    def output_range(self, x: Range) -> Range:
        return x

    def _copies(self, y: Array) -> Array:
        """y as (C, H, fh, W, fw, N), a view."""
        channels, height, width, n = batch_last(y).shape
        down, right = pair(self.factor)
        return batch_last(y).reshape(channels, height // down, down, width // right, right, n)

    def _between(self, x: Array) -> Array:
        """R x as (C, fh H, W, N)."""
        return self.scratch("between", (x.shape[1], len(self._R), x.shape[3], len(x)), x.dtype)


def _weights(n: int, factor: int) -> Array:
    """(factor n, n): the weights of n pixels of a line in each of the longer line's factor n pixels."""
    centers = ((np.arange(factor * n) + 0.5) / factor - 0.5).clip(0, n - 1)
    return np.maximum(1.0 - np.abs(centers[:, None] - np.arange(n)), 0.0)
