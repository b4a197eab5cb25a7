"""Xavier (Glorot) initialization, normal."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("xavier_normal")
@dataclass(frozen=True)
class XavierNormal(Initializer):
    """w ~ N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out)): keeps the variance of activations and gradients.

    Glorot and Bengio, 2010, Understanding the difficulty of training deep feedforward neural networks.

    gain: multiplies all values. Use 1 for layers that are nearly linear around 0; 5/3 is usual for tanh.
    """

    gain: PositiveFloat = 1.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.normal(0.0, self.gain * np.sqrt(2.0 / (fan_in + fan_out)), array.shape)
