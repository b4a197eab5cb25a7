"""Stochastic gradient descent."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay


@OPTIMIZERS.register("sgd")
@dataclass(eq=False)
class SGD(Optimizer):
    """w <- w - lr g

    With momentum m: v <- m v + g, then w <- w - lr v; with nesterov w <- w - lr (g + m v).
    With weight_decay c: g + c w in place of g, for weights but not for biases.

    Polyak, 1964; Sutskever, Martens, Dahl and Hinton, 2013, On the importance of initialization and
    momentum in deep learning (nesterov, in the form that PyTorch uses).

    learning_rate: lr, the step's size in units of the gradient.
    momentum: m, the part of v that stays from step to step; 0 for none.
    nesterov: look ahead along v; needs a momentum above 0.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.01
    momentum: Fraction = 0.0
    nesterov: bool = False
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "w = w - lr * g if not momentum",
        "v = momentum * v + g if momentum",
        "w = w - lr * v if momentum and not nesterov",
        "w = w - lr * (g + momentum * v) if nesterov",
    )

    def __post_init__(self) -> None:
        check_options(
            self,
            nesterov=(not self.nesterov or self.momentum > 0, "false unless momentum is above 0"),
        )

    def build(self, params: FlatParams) -> None:
        """Create v, and `scratch` for intermediate results, both of params.value's shape."""
        super().build(params)
        if self.momentum:
            self.velocity = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        return {"velocity": self.velocity} if self.momentum else {}

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        values = super().formula_values(params, learning_rate)
        return {**values, "v": values["velocity"]} if self.momentum else values

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, s = params.value, params.grad, self.scratch
        if self.weight_decay:
            add_weight_decay(params, self.weight_decay, s)
        if self.momentum:
            v = self.velocity
            v *= self.momentum
            v += g
            if self.nesterov:
                np.multiply(v, self.momentum, out=s)
                g += s
            else:
                g[...] = v
        g *= learning_rate
        w -= g
