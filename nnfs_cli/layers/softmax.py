"""Softmax as a layer of its own, with its true Jacobian."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range


@LAYERS.register("softmax")
@dataclass(eq=False)
class Softmax(Layer):
    """y_k = exp(x_k) / sum_j exp(x_j)        x, y: (N, ..., K), over the last axis

    dx = y (dy - sum_k dy_k y_k)

    Use it with `mse`. Do not put it before `cross_entropy`, which takes logits and has its own softmax.
    """

    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({}, (1,)), ({}, (2, 3))]
    gives_probabilities: ClassVar[bool] = True
    sums_to_one: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = (
        "y = exp(x) / sum(exp(x), k)",
        "dx = y * (dy - sum(dy * y, k))",
    )

    def forward(self, x: Array, y: Array) -> None:
        # Subtracting the maximum leaves y as it is and keeps exp from overflowing.
        np.subtract(x, x.max(axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.multiply(dy, y, out=dx)
        np.subtract(dy, dx.sum(axis=-1, keepdims=True), out=dx)
        dx *= y

    def output_range(self, x: Range) -> Range:
        return (0.0, 1.0)
