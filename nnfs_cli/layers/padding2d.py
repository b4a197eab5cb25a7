"""A border of zeros around images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import MaxLen, MinLen

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import check_options
from nnfs_cli.core.ranges import Expected, NonNegativeInt
from nnfs_cli.kernels.windows import Windows, batch_last, image_shape, sides
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range

ONE_TWO_OR_FOUR = "one, two or four integers of at least 0"


@LAYERS.register("padding2d")
@dataclass(eq=False)
class Padding2D(Layer):
    """y[c, r, s] = x[c, r - top, s - left], and 0 where x has no such pixel        x, y: (N, C, H, W)

    dx[c, r, s] = dy[c, r + top, s + left]

    padding: pixels at each side, one number, [vertical, horizontal] or [top, bottom, left, right].
    """

    padding: Annotated[
        NonNegativeInt | Annotated[tuple[NonNegativeInt, ...], MinLen(1), MaxLen(4)],
        Expected(ONE_TWO_OR_FOUR),
    ]
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({"padding": 1}, (2, 3, 4)),
        ({"padding": (0, 2)}, (1, 2, 2)),
        ({"padding": (2, 0, 1, 3)}, (2, 1, 3)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = pad(x, padding)",
        "dx = crop(dy, padding)",
    )

    def __post_init__(self) -> None:
        check_options(
            self, padding=(isinstance(self.padding, int) or len(self.padding) != 3, ONE_TWO_OR_FOUR)
        )

    def build(self, shape: Shape) -> Shape:
        channels, height, width = image_shape(shape)
        self._windows = Windows((height, width), (1, 1), padding=sides(self.padding))
        return (channels, *self._windows.padded)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "padding": self._windows.padding}

    def forward(self, x: Array, y: Array) -> None:
        self._windows.pad(batch_last(x), 0.0, batch_last(y))

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.copyto(batch_last(dx), self._windows.inside(batch_last(dy)))

    def output_range(self, x: Range) -> Range:
        return (min(x[0], 0.0), max(x[1], 0.0))
