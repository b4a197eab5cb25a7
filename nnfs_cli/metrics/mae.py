"""Mean absolute error."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("mae")
@dataclass(frozen=True)
class MAE(Metric):
    """1/(N M) sum over n, m of |p_nm - t_nm|, in the targets' unit"""

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    lowest: ClassVar[float] = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("mae = 1 / (N * M) * sum(abs(p - t))",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.mean(np.abs(p - t), dtype=np.float64))

    def terms(self, p: Array, t: Array) -> Array:
        return np.asarray(np.abs(p - t).mean(axis=1, dtype=np.float64, keepdims=True))
