"""The hinge loss for several classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, row_numbers
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("hinge")
@dataclass(frozen=True)
class Hinge(Loss):
    """L = 1/(N K) sum over n and k != t_n of max(0, margin - z_nt + z_nk)        z: (N, K)   t: (N,) classes

    dz_nk = 1/(N K) where that maximum is not 0, else 0; dz_nt is minus the sum of the row's other dz. The
    largest output is the prediction. Outputs are scores and no probabilities, so metrics that need these
    (log_loss, brier, expected_calibration_error) are refused.

    Weston and Watkins, 1999, Support vector machines for multi-class pattern recognition; divided by K
    as in PyTorch's multi_margin_loss.

    margin: by how much the right class's score must exceed the others.
    """

    margin: PositiveFloat = 1.0
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    adds_up: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"margin": 0.3}]
    formulas: ClassVar[tuple[str, ...]] = (
        "h = onehot(t, K)",
        "e = (1 - h) * max(margin + z - sum(h * z, k), 0)",
        "L = 1 / (N * K) * sum(e)",
        "dz = 1 / (N * K) * ((e > 0) - h * sum(e > 0, k))",
    )

    def value(self, z: Array, t: Array) -> float:
        excess = np.empty_like(z)
        self._excess(z, t, excess)
        return float(np.sum(np.maximum(excess, 0.0), dtype=np.float64) / z.size)

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        self._excess(z, t, dz)
        np.greater(dz, 0.0, out=dz)
        dz[row_numbers(len(t)), t] = -dz.sum(axis=1)
        dz *= 1.0 / z.size

    def _excess(self, z: Array, t: Array, out: Array) -> None:
        """out = margin - z_nt + z_nk, and zero for the right class itself."""
        rows = row_numbers(len(t))
        np.subtract(z, z[rows, t][:, np.newaxis] - self.margin, out=out)
        out[rows, t] = 0.0
