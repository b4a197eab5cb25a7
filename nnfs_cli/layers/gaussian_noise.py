"""Noise on activations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("gaussian_noise")
@dataclass(eq=False)
class GaussianNoise(Layer):
    """y = x + stddev e,   e ~ N(0, 1) in training; y = x in evaluation        x, y, e: (N, ...)

    dx = dy. Training with noise on the inputs acts like a penalty on the function's slope.

    Bishop, 1995, Training with noise is equivalent to Tikhonov regularization.

    stddev: the noise's standard deviation.
    """

    stddev: NonNegativeFloat = 0.1
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({"stddev": 1.0}, (2, 3))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = x + stddev * e",
        "dx = dy",
    )
    infer_formulas: ClassVar[tuple[str, ...]] = ("y = x",)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        """The drawn e is not kept: it follows from x and y."""
        e = (y - x) / self.stddev if self.stddev else np.zeros_like(x)
        return {**super().formula_values(x, y), "e": e}

    def forward(self, x: Array, y: Array) -> None:
        by_row = self.draws.normal((*x.shape[1:], len(x)), x.dtype)
        e = np.moveaxis(by_row, -1, 0)
        np.multiply(e, self.stddev, out=y)
        y += x

    def infer(self, x: Array, y: Array) -> None:
        np.copyto(y, x)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)

    def output_range(self, x: Range) -> Range:
        return x
