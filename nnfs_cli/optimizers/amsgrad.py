"""Adam whose divisor never shrinks."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, total_weight


@OPTIMIZERS.register("amsgrad")
@dataclass(eq=False)
class AMSGrad(Optimizer):
    """w <- w - lr mhat / (sqrt(ahat) + epsilon)        w, g, m, v, a: (P,)

    m <- beta1 m + (1 - beta1) g from 0,      mhat = m / (1 - beta1^n) after n steps
    v <- beta2 v + (1 - beta2) g^2 from 0
    a <- max(a, v), the largest v so far,     ahat = a / (1 - beta2^n)

    Reddi, Kale and Kumar, 2018, On the convergence of Adam and beyond, arXiv:1904.09237; with Adam's
    corrections by 1 - beta^n, as in PyTorch.

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
        "a = max(a, v)",
        "mhat = m / (1 - beta1**n)",
        "ahat = a / (1 - beta2**n)",
        "w = w - lr * mhat / (sqrt(ahat) + epsilon)",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        # m, v and a are kept as sums, m <- beta1 m + g. Over their total weights, they are mhat, vhat, ahat
        self.m = np.zeros_like(params.value)
        self.v = np.zeros_like(params.value)
        self.a = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)

    def state(self) -> dict[str, Array]:
        return {"sum_m": self.m, "sum_v": self.v, "sum_a": self.a, "count": self.count}

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        values = super().formula_values(params, learning_rate)
        m, v = (1 - self.beta1) * self.m, (1 - self.beta2) * self.v
        return {**values, "m": m, "v": v, "a": (1 - self.beta2) * self.a}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, v, a, s = params.value, params.grad, self.m, self.v, self.a, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        self.count[0] += 1
        n = int(self.count[0])
        weight_m, root = total_weight(self.beta1, n), math.sqrt(total_weight(self.beta2, n))
        m *= self.beta1
        m += g
        v *= self.beta2
        g *= g
        v += g
        np.maximum(a, v, out=a)
        # sqrt(ahat) + epsilon = (sqrt(a) + epsilon root) / root
        np.sqrt(a, out=s)
        s += self.epsilon * root
        np.divide(m, s, out=s)
        s *= learning_rate * root / weight_m
        w -= s
