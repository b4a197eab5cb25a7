"""Adam with Nesterov momentum."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.formula import Formula, stated
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, total_weight


@OPTIMIZERS.register("nadam")
@dataclass(eq=False)
class NAdam(Optimizer):
    """w <- w - lr (p m + q g) / (sqrt(vhat) + epsilon)        w, g, m, v: (P,)

    m <- beta1 m + (1 - beta1) g from 0
    v <- beta2 v + (1 - beta2) g^2 from 0,    vhat = v / (1 - beta2^n) after n steps
    p = mu_(n+1) / (1 - mu_1 mu_2 ... mu_(n+1)),    q = (1 - mu_n) / (1 - mu_1 mu_2 ... mu_n)
    mu_n = beta1 (1 - 0.96^(n psi) / 2), the momentum of step n

    Dozat, 2016, Incorporating Nesterov momentum into Adam; in the form that PyTorch uses.

    learning_rate: lr, about the size of a parameter's first steps.
    beta1: how long the mean of gradients remembers, about 1 / (1 - beta1) steps.
    beta2: how long the mean of squares remembers, about 1 / (1 - beta2) steps.
    epsilon: keeps the divisor above zero.
    momentum_decay: psi, how fast the momentum grows from beta1 / 2 to beta1.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.002
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-8
    momentum_decay: NonNegativeFloat = 0.004
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "mu = beta1 * (1 - 0.96**(n * momentum_decay) / 2)",
        "mu_next = beta1 * (1 - 0.96**((n + 1) * momentum_decay) / 2)",
        "product = product * mu",
        "m = beta1 * m + (1 - beta1) * g",
        "v = beta2 * v + (1 - beta2) * g**2",
        "vhat = v / (1 - beta2**n)",
        "p = mu_next / (1 - product * mu_next)",
        "q = (1 - mu) / (1 - product)",
        "w = w - lr * (p * m + q * g) / (sqrt(vhat) + epsilon)",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        # m and v are kept as sums, m <- beta1 m + g. Divided by its total weight, v is vhat
        self.m = np.zeros_like(params.value)
        self.v = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)
        self.product = np.ones(1)  # mu_1 mu_2 ... mu_n

    def state(self) -> dict[str, Array]:
        return {"sum_m": self.m, "sum_v": self.v, "count": self.count, "product": self.product}

    def equations(self) -> tuple[Formula, ...]:
        return stated(self.formulas, {**self.options(), "product": 1.0})  # a number as options are

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        values = super().formula_values(params, learning_rate)
        m, v = (1 - self.beta1) * self.m, (1 - self.beta2) * self.v
        return {**values, "m": m, "v": v, "product": float(self.product[0])}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, v, s = params.value, params.grad, self.m, self.v, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        self.count[0] += 1
        n = int(self.count[0])
        mu, mu_next, root = self._momentum(n), self._momentum(n + 1), math.sqrt(total_weight(self.beta2, n))
        self.product[0] *= mu
        product = float(self.product[0])
        p, q = mu_next / (1.0 - product * mu_next), (1.0 - mu) / (1.0 - product)
        m *= self.beta1
        m += g
        v *= self.beta2
        v += np.multiply(g, g, out=s)
        # g becomes p m + q g, times lr; and sqrt(vhat) + epsilon = (sqrt(v) + epsilon root) / root
        g *= learning_rate * root * q
        g += np.multiply(m, learning_rate * root * p * (1.0 - self.beta1), out=s)
        np.sqrt(v, out=s)
        s += self.epsilon * root
        g /= s
        w -= g

    def _momentum(self, n: int) -> float:
        return float(self.beta1 * (1.0 - 0.5 * 0.96 ** (n * self.momentum_decay)))
