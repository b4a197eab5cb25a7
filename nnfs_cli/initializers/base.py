"""The initializer's contract and registry."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry


class Initializer(Component, ABC):
    """Fills an array in place. Frozen and without state, so that one may serve as a default.

    Values are drawn in float64 whatever the array's type: a float32 and a float64 network of the
    same seed start from the same numbers.
    """

    @abstractmethod
    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Write the first values of a parameter whose units have `fan_in` inputs, `fan_out` outputs."""

    registry: ClassVar[Registry["Initializer"]]


INITIALIZERS: Registry[Initializer] = Registry("initializer", __package__)
Initializer.registry = INITIALIZERS
