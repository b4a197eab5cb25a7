"""Rows in another shape."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, MinLen

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError, check_options
from nnfs_cli.core.ranges import Expected
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range

SIZES = "positive sizes, at most one of them -1"


@LAYERS.register("reshape")
@dataclass(eq=False)
class Reshape(Layer):
    """y = x with each row in another shape        x: (N, ...)   y: (N, *shape)

    dx = dy in x's shape. Both are views: nothing is computed or copied.

    shape: the shape of a row, without N; one size may be -1, and follows from the others.
    """

    shape: Annotated[tuple[Annotated[int, Ge(-1)], ...], MinLen(1), Expected(SIZES)]
    examples: ClassVar[Sequence[Example]] = [
        ({"shape": (2, 3)}, (6,)),
        ({"shape": (-1,)}, (2, 3)),
        ({"shape": (3, -1)}, (2, 6)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = reshape(x, shape)",
        "dx = like(dy, x)",
    )

    def __post_init__(self) -> None:
        check_options(self, shape=(0 not in self.shape and self.shape.count(-1) <= 1, SIZES))

    def build(self, shape: Shape) -> Shape:
        size, known = math.prod(shape), math.prod(size for size in self.shape if size != -1)
        self._shape = tuple(size // known if s == -1 else s for s in self.shape)
        if math.prod(self._shape) != size:
            raise ShapeError(
                f"cannot make {list(self.shape)} of rows of shape {shape}, which have {size} numbers"
            )
        return self._shape

    def view(self, x: Array) -> Array:
        return x.reshape(len(x), *self._shape)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "shape": self._shape}

    def forward(self, x: Array, y: Array) -> None:
        return

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        return

    def output_range(self, x: Range) -> Range:
        return x
