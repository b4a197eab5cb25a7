"""All zeros."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("zeros")
@dataclass(frozen=True)
class Zeros(Initializer):
    """w = 0, as usual for biases."""

    uses: ClassVar[Literal["nothing", "fan", "matrix"]] = "nothing"

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        array.fill(0.0)
