"""Mean absolute error."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("mae")
@dataclass(frozen=True)
class MAE(Loss):
    """L = 1/(N M) sum over n, m of |z_nm - t_nm|        z, t: (N, M)

    dz = sign(z - t) / (N M), with sign(0) = 0. The best constant z is the median of t.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    adds_up: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = (
        "L = 1 / (N * M) * sum(abs(z - t))",
        "dz = 1 / (N * M) * sign(z - t)",
    )

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(np.abs(z - t), dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.subtract(z, t, out=dz)
        np.sign(dz, out=dz)
        dz *= 1.0 / z.size

    def constant(self, t: Array, width: int) -> Array:
        return np.median(t, axis=0)
