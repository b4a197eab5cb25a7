"""The sigmoid made of straight lines."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Layer, Range


@LAYERS.register("hard_sigmoid")
@dataclass(eq=False)
class HardSigmoid(Layer):
    """y = min(max(x + 3, 0), 6) / 6        x, y: (N, ...)

    dx = dy / 6 where -3 < x < 3, else 0.

    Howard et al., 2019, Searching for MobileNetV3, arXiv:1905.02244.
    """

    formulas: ClassVar[tuple[str, ...]] = (
        "y = min(max(x + 3, 0), 6) / 6",
        "dx = dy * (abs(x) < 3) / 6",
    )

    def forward(self, x: Array, y: Array) -> None:
        np.add(x, 3.0, out=y)
        np.clip(y, 0.0, 6.0, out=y)
        y *= 1.0 / 6.0

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.abs(x, out=dx)
        np.less(dx, 3.0, out=dx)
        dx *= 1.0 / 6.0
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (0.0, 1.0)
