"""Normal values."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import check_options
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("normal")
@dataclass(frozen=True)
class Normal(Initializer):
    """w ~ N(mean, stddev^2)

    mean, stddev: the distribution's; whatever the layer's size, unlike xavier, he and lecun.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        check_options(self, stddev=(self.stddev >= 0, "a number of at least 0"))

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.normal(self.mean, self.stddev, array.shape)
