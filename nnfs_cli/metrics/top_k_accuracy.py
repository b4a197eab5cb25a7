"""Top-k accuracy."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("top_k_accuracy")
@dataclass(frozen=True)
class TopKAccuracy(Metric):
    """The part of rows whose class is among the k classes with the largest p

    Among equal p, the higher class number counts as larger, as in scikit-learn.

    k: the number of classes that count; with k or fewer classes in the data the score is 1.
    """

    k: PositiveInt = 5
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.mean(self.hits(p, t)))

    def hits(self, p: Array, t: Array) -> Array:
        order = np.argsort(p, axis=1, kind="stable")[:, ::-1]
        return np.asarray((order[:, : self.k] == t[:, np.newaxis]).any(axis=1))
