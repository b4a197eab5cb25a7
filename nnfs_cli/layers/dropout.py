"""Dropout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import Fraction
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range

LEVELS = 2**16
"""The number of 16-bit integers. One is drawn for each number of x."""


@LAYERS.register("dropout")
@dataclass(eq=False)
class Dropout(Layer):
    """y = m x,   m = 1/(1 - rate) with probability 1 - rate, else 0        x, y, m: (N, ...)

    dx = m dy. In training a new mask m is drawn for each batch. In evaluation y = x, which is y's mean in
    training, since kept numbers are scaled up ("inverted" dropout).

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014, Dropout: a simple way to prevent
    neural networks from overfitting.

    rate: the probability that a number is dropped, rounded to 16 bits.
    """

    rate: Fraction = 0.5
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({"rate": 0.2}, (2, 3)), ({"rate": 0.0}, (4,))]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = m * x",
        "dx = m * dy",
    )
    infer_formulas: ClassVar[tuple[str, ...]] = ("y = x",)

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), "m": self._last}

    def forward(self, x: Array, y: Array) -> None:
        m, kept = self._mask(x), max(round((1.0 - self.rate) * LEVELS), 1)
        for here, drawn in self.draws.bits(m):
            np.less(drawn, kept, out=m[here])
        m *= LEVELS / kept
        np.multiply(x, m, out=y)
        self._last = m

    def infer(self, x: Array, y: Array) -> None:
        np.copyto(y, x)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(dy, self._mask(x), out=dx)

    def output_range(self, x: Range) -> Range:
        return x

    def _mask(self, x: Array) -> Array:
        return self.scratch_like("mask", x)
