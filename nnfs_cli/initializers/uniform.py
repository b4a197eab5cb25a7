"""Uniform values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import check_options
from nnfs_cli.initializers.base import INITIALIZERS, Initializer, Uses


@INITIALIZERS.register("uniform")
@dataclass(frozen=True)
class Uniform(Initializer):
    """w ~ U(low, high)

    low: the smallest value. Unlike with xavier, he and lecun, it does not depend on the layer's size.
    high: the largest value, above low.
    """

    low: float = -0.05
    high: float = 0.05
    uses: ClassVar[Uses] = "nothing"

    def __post_init__(self) -> None:
        check_options(self, high=(self.high > self.low, f"above low, which is {self.low}"))

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array[...] = rng.uniform(self.low, self.high, array.shape)
