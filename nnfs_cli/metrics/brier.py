"""The Brier score."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, row_numbers
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("brier")
@dataclass(frozen=True)
class Brier(Metric):
    """1/N sum over n of sum over k of (p_nk - onehot(t)_nk)^2: from 0 (perfect) to 2

    Brier, 1950, Verification of forecasts expressed in terms of probability.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 2.0
    formulas: ClassVar[tuple[str, ...]] = ("brier = 1 / N * sum((p - onehot(t, K))**2)",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(_squares(p, t).sum() / len(t))

    def terms(self, p: Array, t: Array) -> Array:
        return np.asarray(_squares(p, t).sum(axis=1, keepdims=True))

    def needs_probabilities(self, classes: int) -> bool:
        return True


def _squares(p: Array, t: Array) -> Array:
    squares, right = np.square(p, dtype=np.float64), (row_numbers(len(t)), t)
    squares[right] = np.square(p[right] - np.float64(1.0))
    return squares
