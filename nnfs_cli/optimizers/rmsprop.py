"""RMSprop: the gradient divided by a running average of its size."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, FlatParams
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, average_in


@OPTIMIZERS.register("rmsprop")
@dataclass(eq=False)
class RMSprop(Optimizer):
    """v <- alpha v + (1 - alpha) g^2        w <- w - lr g / (sqrt(v) + epsilon)

    Centered: m <- alpha m + (1 - alpha) g, and v - m^2 in place of v. With momentum mu, the quotient q
    goes into u <- mu u + q, and w <- w - lr u.

    Tieleman and Hinton, 2012, Lecture 6.5, rmsprop; Graves, 2013, arXiv:1308.0850 (centered).

    learning_rate: lr.
    alpha: how long the mean of squares remembers.
    epsilon: keeps the division away from zero.
    momentum: mu, 0 for none.
    centered: divide by the standard deviation instead.
    weight_decay: coupled (L2): added to the gradient as weight_decay w, for weights but not for biases.
    """

    learning_rate: float = 0.01
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            learning_rate=(self.learning_rate > 0, "a positive number"),
            alpha=(0 <= self.alpha < 1, "at least 0 and below 1"),
            epsilon=(self.epsilon > 0, "a positive number"),
            momentum=(0 <= self.momentum < 1, "at least 0 and below 1"),
            weight_decay=(self.weight_decay >= 0, "a number of at least 0"),
        )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.v = np.zeros_like(params.value)
        self.m = np.zeros_like(params.value if self.centered else params.value[:0])
        self.u = np.zeros_like(params.value if self.momentum else params.value[:0])

    def state(self) -> dict[str, Array]:
        return {"v": self.v, "m": self.m, "u": self.u}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, v, s = params.value, params.grad, self.v, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        average_in(v, self.alpha, np.multiply(g, g, out=s))
        if self.centered:
            np.copyto(s, g)
            average_in(self.m, self.alpha, s)
            np.multiply(self.m, self.m, out=s)
            np.subtract(v, s, out=s)
            np.sqrt(s, out=s)
        else:
            np.sqrt(v, out=s)
        s += self.epsilon
        np.divide(g, s, out=s)
        if self.momentum:
            self.u *= self.momentum
            self.u += s
            np.copyto(s, self.u)
        s *= learning_rate
        w -= s
