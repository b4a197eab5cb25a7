"""Normal values close to their mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer, Uses


@INITIALIZERS.register("truncated_normal")
@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """w ~ N(mean, stddev^2), drawn again where it lies more than 2 stddev from the mean

    As in TensorFlow. The values' standard deviation is 0.8796 stddev.

    mean: the mean of the distribution.
    stddev: the normal distribution's standard deviation. It does not depend on the layer's size.
    """

    mean: float = 0.0
    stddev: NonNegativeFloat = 0.05
    uses: ClassVar[Uses] = "nothing"

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        values = rng.standard_normal(array.shape)
        while (far := np.abs(values) > 2.0).any():
            values[far] = rng.standard_normal(np.count_nonzero(far))
        array[...] = self.mean + self.stddev * values
