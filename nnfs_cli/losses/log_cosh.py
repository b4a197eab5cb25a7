"""The logarithm of the hyperbolic cosine."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("log_cosh")
@dataclass(frozen=True)
class LogCosh(Loss):
    """L = 1/(N M) sum of log(cosh(z - t))        z, t: (N, M)

    dz = tanh(z - t) / (N M). Like d^2 / 2 for small differences d, like |d| - log 2 for large ones.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    adds_up: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = (
        "L = 1 / (N * M) * sum(log(cosh(z - t)))",
        "dz = 1 / (N * M) * tanh(z - t)",
    )

    def value(self, z: Array, t: Array) -> float:
        # For large d cosh would overflow. For small d the other form would lose d in log 2's rounding.
        d = np.abs(z - t)
        small = np.log1p(2.0 * np.square(np.sinh(0.5 * np.minimum(d, 1.0))))
        large = d + np.log1p(np.exp(-2.0 * d)) - math.log(2.0)
        return float(np.mean(np.where(d < 1.0, small, large), dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.subtract(z, t, out=dz)
        np.tanh(dz, out=dz)
        dz *= 1.0 / z.size
