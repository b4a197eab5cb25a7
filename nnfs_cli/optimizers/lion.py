"""Lion: steps of one size, by the sign of the momentum."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import Fraction, NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, decay_weights


@OPTIMIZERS.register("lion")
@dataclass(eq=False)
class Lion(Optimizer):
    """w <- w - lr (sign(beta1 m + (1 - beta1) g) + c w)        w, g, m: (P,)

    m <- beta2 m + (1 - beta2) g after the step, from 0; sign(0) = 0.

    Chen et al., 2023, Symbolic discovery of optimization algorithms, arXiv:2302.06675.

    learning_rate: lr, the size of every step; a third to a tenth of a good value for Adam.
    beta1: the weight of the momentum in a step.
    beta2: how long the momentum remembers, about 1 / (1 - beta2) steps.
    decoupled_weight_decay: c, which shrinks weights apart from the gradient, but not biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.0001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.99
    decoupled_weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "w = (1 - lr * decoupled_weight_decay) * w if decoupled_weight_decay",
        "w = w - lr * sign(beta1 * m + (1 - beta1) * g)",
        "m = beta2 * m + (1 - beta2) * g",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.m = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        return {"m": self.m}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, m, s = params.value, params.grad, self.m, self.scratch
        decay_weights(params, self.decoupled_weight_decay, learning_rate)
        # beta m + (1 - beta) g = m + (1 - beta) (g - m): one difference serves both betas
        g -= m
        np.multiply(g, 1.0 - self.beta1, out=s)
        s += m
        g *= 1.0 - self.beta2
        m += g
        np.sign(s, out=g)  # in place, sign takes ten times as long
        g *= learning_rate
        w -= g
