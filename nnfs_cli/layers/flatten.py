"""Rows of any shape as vectors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("flatten")
@dataclass(eq=False)
class Flatten(Layer):
    """y = x with each row laid out as one vector        x: (N, ...)   y: (N, D)

    dx = dy in x's shape. Both are views: nothing is computed or copied.
    """

    examples: ClassVar[Sequence[Example]] = [({}, (2, 3)), ({}, (4,)), ({}, (2, 3, 4))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = flatten(x)",
        "dx = like(dy, x)",
    )

    def build(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def view(self, x: Array) -> Array:
        return x.reshape(len(x), -1)

    def forward(self, x: Array, y: Array) -> None:
        return

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        return

    def output_range(self, x: Range) -> Range:
        return x
