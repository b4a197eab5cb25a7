"""The rectifier with trainable slopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.params import Param
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.layers.base import LAYERS, Example, Layer


@LAYERS.register("prelu")
@dataclass(eq=False)
class PReLU(Layer):
    """y = x where x > 0, else a x        x, y: (N, C, ...)   a: (1,) or (C,), trainable

    dx = dy where x > 0, else a dy.       da = sum of dy x over all x <= 0 that share it.

    He, Zhang, Ren and Sun, 2015, Delving deep into rectifiers, arXiv:1502.01852.

    slopes: `shared` for one slope, or `per_channel` for one for each index of a row's first axis.
    start: the initial slope. Weight decay leaves slopes alone, as the paper advises.
    """

    slopes: Literal["shared", "per_channel"] = "shared"
    start: float = 0.25
    examples: ClassVar[Sequence[Example]] = [
        ({}, (5,)),
        ({"slopes": "per_channel"}, (5,)),
        ({"slopes": "per_channel"}, (2, 3, 4)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = where(x > 0, x, a * x) if slopes == 'shared'",
        "y = where(x > 0, x, a[c] * x) if slopes == 'per_channel'",
        "da = sum(dy * where(x > 0, 0, x)) if slopes == 'shared'",
        "da = sum(dy * where(x > 0, 0, x), but=c) if slopes == 'per_channel'",
        "dx = dy * where(x > 0, 1, a) if slopes == 'shared'",
        "dx = dy * where(x > 0, 1, a[c]) if slopes == 'per_channel'",
    )

    def build(self, shape: Shape) -> Shape:
        channels = shape[0] if self.slopes == "per_channel" else 1
        self.a = Param((channels,), Constant(self.start), decay=False)
        self._broadcast = (channels, *(1 for _ in shape[1:]))
        self._others = tuple(i for i in range(len(shape) + 1) if i != 1 or channels == 1)
        return shape

    def forward(self, x: Array, y: Array) -> None:
        positive = self.scratch_like("part", x)
        np.maximum(x, 0.0, out=positive)
        np.minimum(x, 0.0, out=y)
        y *= self.a.value.reshape(self._broadcast)
        y += positive

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        part = self.scratch_like("part", x)
        np.minimum(x, 0.0, out=part)
        part *= dy
        np.sum(part, axis=self._others, out=self.a.grad if len(self.a.grad) > 1 else self.a.grad.reshape(()))

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        a = self.a.value.reshape(self._broadcast)
        np.greater(x, 0.0, out=dx)
        dx *= 1.0 - a
        dx += a
        dx *= dy
