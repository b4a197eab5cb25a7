"""The Huber loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("huber")
@dataclass(frozen=True)
class Huber(Loss):
    """L = 1/(N M) sum of h(z - t),   h(d) = d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)

    z, t: (N, M)        dz = min(max(z - t, -delta), delta) / (N M)

    Huber, 1964, Robust estimation of a location parameter.

    delta: the error, in the targets' unit, from which on h is a straight line.
    """

    delta: PositiveFloat = 1.0
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    adds_up: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"delta": 0.3}]
    formulas: ClassVar[tuple[str, ...]] = (
        "d = z - t",
        "L = 1 / (N * M) * sum(where(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2)))",
        "dz = 1 / (N * M) * min(max(d, -delta), delta)",
    )

    def value(self, z: Array, t: Array) -> float:
        d = np.abs(z - t)
        inner = np.minimum(d, self.delta)
        return float(np.mean(inner * (d - 0.5 * inner), dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.subtract(z, t, out=dz)
        np.clip(dz, -self.delta, self.delta, out=dz)
        dz *= 1.0 / z.size
