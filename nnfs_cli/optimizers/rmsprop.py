"""RMSprop: the gradient divided by a running average of its size."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, update_average


@OPTIMIZERS.register("rmsprop")
@dataclass(eq=False)
class RMSprop(Optimizer):
    """w <- w - lr g / (sqrt(v) + epsilon)        w, g, v, m, u: (P,)

    v <- alpha v + (1 - alpha) g^2 from 0.
    Centered: v - m^2 in place of v under the root, with m <- alpha m + (1 - alpha) g from 0.
    With momentum mu: u <- mu u + g / (sqrt(v) + epsilon) from 0, and w <- w - lr u.

    As in PyTorch, but with |v - m^2|: rounding may make v - m^2 negative, which has no root.

    Tieleman and Hinton, 2012, Neural networks for machine learning, lecture 6.5; Graves, 2013,
    Generating sequences with recurrent neural networks, arXiv:1308.0850 (centered).

    learning_rate: lr, the step's size in units of the gradient.
    alpha: how long the means remember, about 1 / (1 - alpha) steps.
    epsilon: keeps the divisor above zero.
    momentum: mu, the part of u that stays from step to step; 0 for none.
    centered: true to divide by the root of the variance v - m^2 instead of v.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.01
    alpha: Fraction = 0.99
    epsilon: PositiveFloat = 1e-8
    momentum: Fraction = 0.0
    centered: bool = False
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "v = alpha * v + (1 - alpha) * g**2",
        "m = alpha * m + (1 - alpha) * g if centered",
        "s = sqrt(v) + epsilon if not centered",
        "s = sqrt(abs(v - m**2)) + epsilon if centered",
        "w = w - lr * g / s if not momentum",
        "u = momentum * u + g / s if momentum",
        "w = w - lr * u if momentum",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.v = np.zeros_like(params.value)
        if self.centered:
            self.m = np.zeros_like(params.value)
        if self.momentum:
            self.u = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        state = {"v": self.v}
        if self.centered:
            state["m"] = self.m
        if self.momentum:
            state["u"] = self.u
        return state

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, v, s = params.value, params.grad, self.v, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        update_average(v, self.alpha, np.multiply(g, g, out=s), s)
        if self.centered:
            update_average(self.m, self.alpha, g, s)
            np.multiply(self.m, self.m, out=s)
            np.subtract(v, s, out=s)
            np.abs(s, out=s)  # rounding may make a variance of zero negative
            np.sqrt(s, out=s)
        else:
            np.sqrt(v, out=s)
        s += self.epsilon
        g /= s
        if self.momentum:
            self.u *= self.momentum
            self.u += g
            np.multiply(self.u, learning_rate, out=g)
        else:
            g *= learning_rate
        w -= g
