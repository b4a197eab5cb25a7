"""AdaGrad: a learning rate for each parameter, which falls as its gradients add up."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer, add_weight_decay


@OPTIMIZERS.register("adagrad")
@dataclass(eq=False)
class Adagrad(Optimizer):
    """w <- w - lr g / (sqrt(v) + epsilon)        w, g, v: (P,)

    v <- v + g^2 from 0, so that a parameter's learning rate falls as its gradients add up.

    Duchi, Hazan and Singer, 2011, Adaptive subgradient methods for online learning and stochastic
    optimization.

    learning_rate: lr, the step's size in units of the gradient.
    epsilon: keeps the divisor above zero.
    weight_decay: c, coupled (L2): g + c w in place of g, for weights but not for biases; 0 for none.
    """

    learning_rate: PositiveFloat = 0.01
    epsilon: PositiveFloat = 1e-10
    weight_decay: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = (
        "g = g + weight_decay * w if weight_decay",
        "v = v + g**2",
        "w = w - lr * g / (sqrt(v) + epsilon)",
    )

    def build(self, params: FlatParams) -> None:
        super().build(params)
        self.v = np.zeros_like(params.value)

    def state(self) -> dict[str, Array]:
        return {"v": self.v}

    def step(self, params: FlatParams, learning_rate: float) -> None:
        w, g, v, s = params.value, params.grad, self.v, self.scratch
        add_weight_decay(params, self.weight_decay, s)
        np.multiply(g, g, out=s)
        v += s
        np.sqrt(v, out=s)
        s += self.epsilon
        g /= s
        g *= learning_rate
        w -= g
