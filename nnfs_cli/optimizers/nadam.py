"""Adam with Nesterov's look ahead."""

import math
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, FlatParams
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay, average_in


@OPTIMIZERS.register("nadam")
@dataclass(eq=False)
class NAdam(Optimizer):
    """m and v as in Adam, momentum mu_n = beta1 (1 - 0.96^(n psi) / 2) in step n, and w <- w - lr
    (mu_(n+1) m / (1 - mu_1 ... mu_(n+1)) + (1 - mu_n) g / (1 - mu_1 ... mu_n)) / (sqrt(vhat) + epsilon)

    Dozat, 2016, Incorporating Nesterov momentum into Adam; in the form that PyTorch uses.

    learning_rate: lr.
    beta1: how long the mean of gradients remembers.
    beta2: how long the mean of squares remembers.
    epsilon: keeps the division away from zero.
    momentum_decay: psi, how fast the momentum approaches beta1.
    weight_decay: coupled (L2): added to the gradient as weight_decay w, for weights but not for biases.
    """

    learning_rate: float = 0.002
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            learning_rate=(self.learning_rate > 0, "a positive number"),
            beta1=(0 <= self.beta1 < 1, "at least 0 and below 1"),
            beta2=(0 <= self.beta2 < 1, "at least 0 and below 1"),
            epsilon=(self.epsilon > 0, "a positive number"),
            momentum_decay=(self.momentum_decay >= 0, "a number of at least 0"),
            weight_decay=(self.weight_decay >= 0, "a number of at least 0"),
        )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.m = np.zeros_like(params.value)
        self.v = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)
        self.product = np.ones(1)

    def state(self) -> dict[str, Array]:
        return {"m": self.m, "v": self.v, "count": self.count, "product": self.product}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, v, s = params.value, params.grad, self.m, self.v, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        self.count += 1
        n = int(self.count[0])
        mu, mu_next = self._momentum(n), self._momentum(n + 1)
        self.product *= mu
        product = float(self.product[0])
        np.copyto(s, g)
        average_in(m, self.beta1, s)
        average_in(v, self.beta2, np.multiply(g, g, out=s))
        g *= (1.0 - mu) / (1.0 - product)
        np.multiply(m, mu_next / (1.0 - product * mu_next), out=s)
        g += s
        np.sqrt(v, out=s)
        s *= 1.0 / math.sqrt(1.0 - self.beta2**n)
        s += self.epsilon
        g /= s
        g *= learning_rate
        w -= g

    def _momentum(self, n: int) -> float:
        return float(self.beta1 * (1.0 - 0.5 * 0.96 ** (n * self.momentum_decay)))
