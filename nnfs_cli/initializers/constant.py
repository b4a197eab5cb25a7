"""The same value everywhere."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("constant")
@dataclass(frozen=True)
class Constant(Initializer):
    """w = value

    value: what every entry gets; as no entry differs, it is for biases and slopes, not for a dense W.
    """

    value: float = 0.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array.fill(self.value)
