"""Adadelta: steps in the parameters' own units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, update_average


@OPTIMIZERS.register("adadelta")
@dataclass(eq=False)
class Adadelta(Optimizer):
    """w <- w - lr d,   d = g sqrt(u + epsilon) / sqrt(v + epsilon)        w, g, d, u, v: (P,)

    v <- rho v + (1 - rho) g^2 before a step, u <- rho u + (1 - rho) d^2 after it, both from 0.

    Zeiler, 2012, ADADELTA: an adaptive learning rate method, arXiv:1212.5701.

    learning_rate: lr; the paper has none, which is lr = 1.
    rho: how long both means remember, about 1 / (1 - rho) steps.
    epsilon: keeps the divisor above zero, and sets the size of the first steps.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 1.0
    rho: Fraction = 0.9
    epsilon: PositiveFloat = 1e-6
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "v = rho * v + (1 - rho) * g**2",
        "d = sqrt(u + epsilon) / sqrt(v + epsilon) * g",
        "u = rho * u + (1 - rho) * d**2",
        "w = w - lr * d",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.v = np.zeros_like(params.value)
        self.u = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        return {"v": self.v, "u": self.u}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, v, u, s = params.value, params.grad, self.v, self.u, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        update_average(v, self.rho, np.multiply(g, g, out=s), s)
        # g becomes d
        np.add(v, self.epsilon, out=s)
        np.sqrt(s, out=s)
        g /= s
        np.add(u, self.epsilon, out=s)
        np.sqrt(s, out=s)
        g *= s
        update_average(u, self.rho, np.multiply(g, g, out=s), s)
        g *= learning_rate
        w -= g
