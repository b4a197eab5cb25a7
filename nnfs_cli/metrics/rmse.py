"""Root mean squared error."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("rmse")
@dataclass(frozen=True)
class RMSE(Metric):
    """sqrt(1/(N M) sum over n, m of (p_nm - t_nm)^2), in the targets' unit, a single root over all outputs"""

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    lowest: ClassVar[float] = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("rmse = sqrt(1 / (N * M) * sum((p - t)**2))",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.sqrt(np.mean(np.square(p - t), dtype=np.float64)))

    def terms(self, p: Array, t: Array) -> Array:
        return np.asarray(np.square(p - t).mean(axis=1, dtype=np.float64, keepdims=True))

    def of_means(self, means: Array) -> Array:
        return np.asarray(np.sqrt(means[..., 0]))
