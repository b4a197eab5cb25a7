"""The same value everywhere."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("constant")
@dataclass(frozen=True)
class Constant(Initializer):
    """w = value

    value: of every entry.
    """

    value: float = 0.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array.fill(self.value)
