"""The base class and registry of initializers."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry

Uses: TypeAlias = Literal["nothing", "fan", "matrix"]
"""What an initializer goes by, besides the array's shape."""


class Initializer(Component, ABC):
    """Fills an array in place. It is frozen and has no state, so that it can be the default of an option.

    Values are drawn in float64 for every dtype, so that a float32 and a float64 network with the same seed
    start from the same numbers.

    uses: `nothing` but the array's shape; the `fan`, too; or `matrix`: the array is then always a matrix
        (fan_in, units), with a unit's incoming weights in a column.
    """

    uses: ClassVar[Uses] = "fan"

    @abstractmethod
    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Write the initial values of a parameter whose units have `fan_in` inputs and `fan_out` outputs."""

    registry: ClassVar[Registry["Initializer"]]


INITIALIZERS: Registry[Initializer] = Registry("initializer", __package__)
Initializer.registry = INITIALIZERS
