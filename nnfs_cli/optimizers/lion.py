"""Lion: steps of one size, by the sign of the momentum."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, FlatParams
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, average_in, decay_weights


@OPTIMIZERS.register("lion")
@dataclass(eq=False)
class Lion(Optimizer):
    """w <- w - lr c w        w <- w - lr sign(beta1 m + (1 - beta1) g)        m <- beta2 m + (1 - beta2) g

    Chen et al., 2023, Symbolic discovery of optimization algorithms, arXiv:2302.06675.

    learning_rate: lr.
    beta1: how much of the momentum goes into a step.
    beta2: how long the momentum remembers.
    decoupled_weight_decay: c, applied to the weights themselves, whatever the gradient; not to biases.
    """

    learning_rate: float = 0.0001
    beta1: float = 0.9
    beta2: float = 0.99
    decoupled_weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            learning_rate=(self.learning_rate > 0, "a positive number"),
            beta1=(0 <= self.beta1 < 1, "at least 0 and below 1"),
            beta2=(0 <= self.beta2 < 1, "at least 0 and below 1"),
            decoupled_weight_decay=(self.decoupled_weight_decay >= 0, "a number of at least 0"),
        )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.m = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        return {"m": self.m}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, s = params.value, params.grad, self.m, self.scratch
        decay_weights(params, self.decoupled_weight_decay, learning_rate)
        np.subtract(m, g, out=s)  # beta1 m + (1 - beta1) g = g + beta1 (m - g)
        s *= self.beta1
        s += g
        np.sign(s, out=s)
        s *= learning_rate
        w -= s
        average_in(m, self.beta2, g)
