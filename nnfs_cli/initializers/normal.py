"""Normal values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer, Uses


@INITIALIZERS.register("normal")
@dataclass(frozen=True)
class Normal(Initializer):
    """w ~ N(mean, stddev^2)

    mean: the mean of the distribution.
    stddev: its standard deviation. Unlike with xavier, he and lecun, it does not depend on the layer's size.
    """

    mean: float = 0.0
    stddev: NonNegativeFloat = 0.05
    uses: ClassVar[Uses] = "nothing"

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.normal(self.mean, self.stddev, array.shape)
