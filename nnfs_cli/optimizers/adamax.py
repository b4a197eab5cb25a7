"""Adam with the largest gradient in place of the mean square."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, total_weight


@OPTIMIZERS.register("adamax")
@dataclass(eq=False)
class Adamax(Optimizer):
    """w <- w - lr mhat / u        w, g, m, u: (P,)

    m <- beta1 m + (1 - beta1) g from 0,    mhat = m / (1 - beta1^n) after n steps
    u <- max(beta2 u, |g| + epsilon) from 0

    Kingma and Ba, 2015, Adam: a method for stochastic optimization, arXiv:1412.6980, section 7; with
    epsilon, as in PyTorch.

    learning_rate: lr, about the size of a parameter's first steps.
    beta1: how long the mean of gradients remembers, about 1 / (1 - beta1) steps.
    beta2: the decay of the largest gradient per step.
    epsilon: keeps the divisor above zero.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.002
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "m = beta1 * m + (1 - beta1) * g",
        "mhat = m / (1 - beta1**n)",
        "u = max(beta2 * u, abs(g) + epsilon)",
        "w = w - lr * mhat / u",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        # m is kept as a sum, m <- beta1 m + g. Divided by its total weight, it is mhat
        self.m = np.zeros_like(params.value)
        self.u = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)

    def state(self) -> dict[str, Array]:
        return {"sum_m": self.m, "u": self.u, "count": self.count}

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        return {**super().formula_values(params, learning_rate), "m": (1 - self.beta1) * self.m}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, u, s = params.value, params.grad, self.m, self.u, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        self.count[0] += 1
        m *= self.beta1
        m += g
        np.abs(g, out=g)
        g += self.epsilon
        u *= self.beta2
        np.maximum(u, g, out=u)
        np.divide(m, u, out=s)
        s *= learning_rate / total_weight(self.beta1, int(self.count[0]))
        w -= s
