"""Accuracy."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric, likeliest
from nnfs_cli.preprocessing.records import Task


@METRICS.register("accuracy")
@dataclass(frozen=True)
class Accuracy(Metric):
    """The part of rows whose class has the largest p: 1/N sum of [argmax_k p_nk = t_n]"""

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0
    formulas: ClassVar[tuple[str, ...]] = ("accuracy = 1 / N * sum(argmax(p) == t)",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.count_nonzero(self.hits(p, t)) / len(t))

    def hits(self, p: Array, t: Array) -> Array:
        return np.asarray(likeliest(p) == t)
