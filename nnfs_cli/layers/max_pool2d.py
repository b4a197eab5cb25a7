"""Maximum over windows of an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, slices
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

CHUNK = 2**18
"""Numbers of dx computed at a time: they fit into the cache."""


@LAYERS.register("max_pool2d")
@dataclass(eq=False)
class MaxPool2D(Layer):
    """y[c, r, s] = the largest x[c, r stride + i, s stride + j] of the window        x, y: (N, C, H, W)

    dx is dy at the place of each window's maximum, and 0 elsewhere; among equal numbers the first counts, row
    by row, as in PyTorch. A pixel that is the maximum of several windows gets the sum of their dy.

    Zhou and Chellappa, 1988, Computation of optical flow using a neural network.

    pool_size: the window's size, one number for both sides or [height, width].
    stride: the distance between windows, one number or [down, right]; by default the window's size.
    padding: pixels of value -infinity at each side, one number or [vertical, horizontal].
    """

    pool_size: PositiveOneOrPair = 2
    stride: PositiveOneOrPair | None = None
    padding: NonNegativeOneOrPair = 0
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({}, (2, 4, 6)),
        ({"pool_size": (2, 3)}, (1, 5, 7)),
        ({"pool_size": 3, "stride": (2, 1), "padding": 1}, (2, 5, 4)),
        ({"pool_size": 1, "stride": 2}, (1, 3, 4)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = max_pool(x, pool_size, stride, padding)",
        "dx = max_pool_grad(x, dy, pool_size, stride, padding)",
    )

    def __post_init__(self) -> None:
        fits = all(2 * p <= k for p, k in zip(pair(self.padding), pair(self.pool_size), strict=True))
        check_options(self, padding=(fits, "at least 0 and at most half of pool_size"))

    def build(self, shape: Shape) -> Shape:
        channels, height, width = image_shape(shape)
        size = pair(self.pool_size)
        stride = size if self.stride is None else pair(self.stride)
        self._windows = Windows.fit((height, width), size, stride, self.padding)
        return (channels, *self._windows.output)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), **self._windows.options()}

    def forward(self, x: Array, y: Array) -> None:
        seen, largest = self._windows.over(self._bordered(x)), batch_last(y)
        so_far = seen[:, 0, 0]
        for i, j in self._windows.places[1:] or self._windows.places:
            so_far = np.maximum(so_far, seen[:, i, j], out=largest)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        dpadded = self._windows.padded_array(self.scratch, "dx", dx)
        if not self._windows.tile:
            dpadded.fill(0.0)
        parts = self._bordered(x), batch_last(y), batch_last(dy), dpadded
        step = max(CHUNK // max(dpadded[0].size, 1), 1)
        for here in slices(len(dpadded), step):
            self._scatter(*(part[here] for part in parts))
        self._windows.cut(dpadded, dx)

    def output_range(self, x: Range) -> Range:
        return x

    def _scatter(self, x: Array, largest: Array, dy: Array, dx: Array) -> None:
        """Write dy to the windows' maxima in dx.

        One place (i, j) of all windows at a time: where it holds the maximum, it takes dy, and leaves 0 for
        later places.
        """
        seen, dseen, overlap = self._windows.over(x), self._windows.over(dx), self._windows.overlap
        left = dy
        still_left, taken = (self.scratch(name, dy.shape, dy.dtype) for name in ("left", "taken"))
        *places, last = self._windows.places
        for i, j in places:
            # The copy makes the numbers contiguous, on which comparing and converting are fast.
            np.copyto(taken, seen[:, i, j])
            np.equal(taken, largest, out=taken)
            taken *= left
            left = np.subtract(left, taken, out=still_left)
            _add(taken, dseen[:, i, j], overlap=overlap)
        _add(left, dseen[:, *last], overlap=overlap)

    def _bordered(self, x: Array) -> Array:
        return self._windows.bordered(self.scratch, x, -np.inf)


def _add(dy: Array, dx: Array, *, overlap: bool) -> None:
    """Add dy to dx; without overlap no other window has written to dx, so a copy suffices."""
    if overlap:
        dx += dy
    else:
        np.copyto(dx, dy)
