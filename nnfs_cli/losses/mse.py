"""Mean squared error."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, row_numbers
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("mse")
@dataclass(frozen=True)
class MSE(Loss):
    """L = 1/(N M) sum over n, m of (z_nm - t_nm)^2        z, t: (N, M)

    dz = 2/(N M) (z - t). The mean is over all N x M numbers, and dz is the gradient of that mean.
    Class numbers t: (N,) stand for one-hot rows (N, M).
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    adds_up: ClassVar[bool] = True  # dz of a batch is the weighted mean of its parts' dz
    formulas: ClassVar[tuple[str, ...]] = (
        "L = 1 / (N * M) * sum((z - t)**2)",
        "dz = 2 / (N * M) * (z - t)",
    )

    def formula_values(self, z: Array, t: Array) -> dict[str, Any]:
        return super().formula_values(z, t if t.ndim == z.ndim else np.eye(z.shape[1], dtype=z.dtype)[t])

    def value(self, z: Array, t: Array) -> float:
        difference = z - t if t.ndim == z.ndim else _subtract_one_hot(z, t, np.empty_like(z))
        np.square(difference, out=difference)
        return float(np.add.reduce(difference, axis=None, dtype=np.float64)) / z.size

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        if t.ndim == z.ndim:
            np.subtract(z, t, out=dz)
        else:
            _subtract_one_hot(z, t, dz)
        dz *= 2.0 / z.size


def _subtract_one_hot(z: Array, t: Array, out: Array) -> Array:
    """out = z - onehot(t): in row n, onehot(t) is 1 in column t[n] and 0 elsewhere."""
    np.copyto(out, z)
    out[row_numbers(len(t)), t] -= 1.0
    return out
