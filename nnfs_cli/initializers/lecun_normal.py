"""LeCun initialization, normal."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("lecun_normal")
@dataclass(frozen=True)
class LeCunNormal(Initializer):
    """w ~ N(0, s^2), s = gain sqrt(1 / fan_in): keeps the variance of activations.

    LeCun, Bottou, Orr and Mueller, 1998, Efficient backprop.

    gain: multiplies all values. Use 1 for linear units and selu; sqrt(2) gives He initialization.
    """

    gain: PositiveFloat = 1.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.normal(0.0, self.gain * np.sqrt(1.0 / fan_in), array.shape)
