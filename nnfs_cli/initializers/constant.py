"""The same value everywhere."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer, Uses


@INITIALIZERS.register("constant")
@dataclass(frozen=True)
class Constant(Initializer):
    """w = value

    value: the value of all entries. Use it for biases and slopes; equal units of a dense W would stay equal.
    """

    value: float = 0.0
    uses: ClassVar[Uses] = "nothing"

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array.fill(self.value)
