"""He (Kaiming) initialization, normal."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("he_normal")
@dataclass(frozen=True)
class HeNormal(Initializer):
    """w ~ N(0, s^2), s = gain sqrt(2 / fan_in): keeps the variance through ReLU layers.

    He, Zhang, Ren and Sun, 2015, Delving deep into rectifiers, arXiv:1502.01852.

    gain: multiplies all values. Use 1 for ReLU: the formula includes ReLU's gain of sqrt(2).
    """

    gain: PositiveFloat = 1.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.normal(0.0, self.gain * np.sqrt(2.0 / fan_in), array.shape)
