"""Mean absolute percentage error."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("mape")
@dataclass(frozen=True)
class MAPE(Metric):
    """1/(N M) sum over n, m of |p_nm - t_nm| / max(|t_nm|, 2.2e-16), as a fraction: 0.1 is ten percent"""

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    lowest: ClassVar[float] = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("mape = 1 / (N * M) * sum(abs(p - t) / abs(t))",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.mean(_relative_errors(p, t)))

    def terms(self, p: Array, t: Array) -> Array:
        return np.asarray(_relative_errors(p, t).mean(axis=1, keepdims=True))


def _relative_errors(p: Array, t: Array) -> Array:
    t = t.astype(np.float64)
    return np.asarray(np.abs(p - t) / np.maximum(np.abs(t), np.finfo(np.float64).eps))
