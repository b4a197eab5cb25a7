"""Adam with decoupled weight decay."""

import math
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, FlatParams
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, average_in, decay_weights


@OPTIMIZERS.register("adamw")
@dataclass(eq=False)
class AdamW(Optimizer):
    """w <- w - lr c w, then Adam's step:
    m <- beta1 m + (1 - beta1) g      v <- beta2 v + (1 - beta2) g^2
    w <- w - lr mhat / (sqrt(vhat) + epsilon)
    mhat = m / (1 - beta1^n), vhat = v / (1 - beta2^n) after n steps

    Loshchilov and Hutter, 2019, Decoupled weight decay regularization, arXiv:1711.05101.

    learning_rate: lr.
    beta1: how long the mean of gradients remembers.
    beta2: how long the mean of squares remembers.
    epsilon: keeps the division away from zero.
    decoupled_weight_decay: c, applied to the weights themselves, whatever the gradient; not to biases.
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decoupled_weight_decay: float = 0.01

    def __post_init__(self) -> None:
        check_options(
            self,
            learning_rate=(self.learning_rate > 0, "a positive number"),
            beta1=(0 <= self.beta1 < 1, "at least 0 and below 1"),
            beta2=(0 <= self.beta2 < 1, "at least 0 and below 1"),
            epsilon=(self.epsilon > 0, "a positive number"),
            decoupled_weight_decay=(self.decoupled_weight_decay >= 0, "a number of at least 0"),
        )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.m = np.zeros_like(params.value)
        self.v = np.zeros_like(params.value)
        self.count = np.zeros(1, np.int64)

    def state(self) -> dict[str, Array]:
        return {"m": self.m, "v": self.v, "count": self.count}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, v, s = params.value, params.grad, self.m, self.v, self.scratch
        decay_weights(params, self.decoupled_weight_decay, learning_rate)
        self.count += 1
        n = int(self.count[0])
        np.copyto(s, g)
        average_in(m, self.beta1, s)
        average_in(v, self.beta2, np.multiply(g, g, out=s))
        # lr mhat / (sqrt(vhat) + epsilon), with the corrections taken out of the vectors
        np.sqrt(v, out=s)
        s *= 1.0 / math.sqrt(1.0 - self.beta2**n)
        s += self.epsilon
        np.divide(m, s, out=s)
        s *= learning_rate / (1.0 - self.beta1**n)
        w -= s
