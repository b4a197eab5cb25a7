"""Adam: running averages of the gradient and of its square."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, chunks, total_weight


@OPTIMIZERS.register("adam")
@dataclass(eq=False)
class Adam(Optimizer):
    """w <- w - lr mhat / (sqrt(vhat) + epsilon)        w, g, m, v: (P,)

    m <- beta1 m + (1 - beta1) g from 0,      mhat = m / (1 - beta1^n) after n steps
    v <- beta2 v + (1 - beta2) g^2 from 0,    vhat = v / (1 - beta2^n)

    Kingma and Ba, 2015, Adam: a method for stochastic optimization, arXiv:1412.6980.

    learning_rate: lr, about the size of a parameter's first steps.
    beta1: how long the mean of gradients remembers, about 1 / (1 - beta1) steps.
    beta2: how long the mean of squares remembers, about 1 / (1 - beta2) steps.
    epsilon: keeps the divisor above zero.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "m = beta1 * m + (1 - beta1) * g",
        "v = beta2 * v + (1 - beta2) * g**2",
        "mhat = m / (1 - beta1**n)",
        "vhat = v / (1 - beta2**n)",
        "w = w - lr * mhat / (sqrt(vhat) + epsilon)",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        # m and v are kept as sums, m <- beta1 m + g. Divided by their total weights, they are mhat and vhat
        self.m = np.zeros_like(params.value)
        self.v = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)

    def state(self) -> dict[str, Array]:
        return {"sum_m": self.m, "sum_v": self.v, "count": self.count}

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        values = super().formula_values(params, learning_rate)
        m, v = (1 - self.beta1) * self.m, (1 - self.beta2) * self.v
        return {**values, "m": m, "v": v}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        add_weight_decay(params, self.weight_decay, self.scratch)
        self.count[0] += 1
        n = int(self.count[0])
        weight_m, root = total_weight(self.beta1, n), math.sqrt(total_weight(self.beta2, n))
        vectors = params.value, params.grad, self.m, self.v, self.scratch
        for here in chunks(len(params.value)):
            w, g, m, v, s = (vector[here] for vector in vectors)
            m *= self.beta1
            m += g
            v *= self.beta2
            g *= g
            v += g
            # sqrt(vhat) + epsilon = (sqrt(v) + epsilon root) / root
            np.sqrt(v, out=s)
            s += self.epsilon * root
            np.divide(m, s, out=s)
            s *= learning_rate * root / weight_m
            w -= s
