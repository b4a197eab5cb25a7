"""The share of variance explained."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("explained_variance")
@dataclass(frozen=True)
class ExplainedVariance(Metric):
    """1 - var(t - p) / var(t) over the rows, averaged over the M outputs: 1 is perfect

    Unlike r2, it ignores a constant error. For an output with constant targets the score is 1 if the error
    is constant too, else 0.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    maximize: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0
    formulas: ClassVar[tuple[str, ...]] = ("explained_variance = mean(1 - var(t - p, n) / var(t, n))",)

    def __call__(self, p: Array, t: Array) -> float:
        t = t.astype(np.float64)
        error = t - p
        constant = np.ptp(t, axis=0) == 0.0  # by the values, since rounding may give equal ones a variance
        explained = 1.0 - error.var(axis=0) / np.where(constant, 1.0, t.var(axis=0))
        return float(np.where(constant, np.ptp(error, axis=0) == 0.0, explained).mean())

    def terms(self, p: Array, t: Array) -> Array:
        t = t.astype(np.float64)
        both = np.concatenate([t - p, t], axis=1)
        both -= both.mean(axis=0)  # which changes no variance, but keeps its digits
        return np.concatenate([both, np.square(both)], axis=1)

    def of_means(self, means: Array) -> Array:
        mean, square = np.split(means, 2, axis=-1)
        error, total = np.split(square - mean**2, 2, axis=-1)
        constant = total <= 1e-12 * np.split(square, 2, axis=-1)[1]
        explained = 1.0 - error / np.where(constant, 1.0, total)
        return np.asarray(np.where(constant, error <= 0.0, explained).mean(axis=-1))
