"""The coefficient of determination."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("r2")
@dataclass(frozen=True)
class R2(Metric):
    """1 - sum (p - t)^2 / sum (t - mean t)^2 over the rows, averaged over the M outputs: 1 is perfect

    For an output with constant targets the score is 1 if all predictions are exact, else 0. For a single row
    it is undefined, as in scikit-learn.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    maximize: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0
    formulas: ClassVar[tuple[str, ...]] = ("r2 = mean(1 - sum((p - t)**2, n) / sum((t - mean(t, n))**2, n))",)

    def __call__(self, p: Array, t: Array) -> float:
        if len(t) < 2:
            return math.nan
        t = t.astype(np.float64)
        residual = np.square(p - t).sum(axis=0)
        total = np.square(t - t.mean(axis=0)).sum(axis=0)
        constant = np.ptp(t, axis=0) == 0.0  # by the values, since rounding may give equal ones a variance
        explained = 1.0 - residual / np.where(constant, 1.0, total)
        return float(np.where(constant, residual == 0.0, explained).mean())

    def terms(self, p: Array, t: Array) -> Array:
        t = t.astype(np.float64)
        centered = t - t.mean(axis=0)  # which changes no variance, but keeps its digits
        return np.concatenate([np.square(p - t), centered, np.square(centered)], axis=1)

    def of_means(self, means: Array) -> Array:
        residual, mean, square = np.split(means, 3, axis=-1)
        total = square - mean**2
        constant = total <= 1e-12 * square
        explained = 1.0 - residual / np.where(constant, 1.0, total)
        return np.asarray(np.where(constant, residual == 0.0, explained).mean(axis=-1))

    def lacks(self, t: Array, classes: Sequence[str]) -> str:
        return "a single row" if len(t) < 2 else ""
