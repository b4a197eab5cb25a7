"""The area under the receiver operating characteristic."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("roc_auc")
@dataclass(frozen=True)
class RocAuc(Metric):
    """P(a row of the class has a larger p than a row of another class), ties counting half

    For two classes, the score of the second; for more, the mean over classes, each against all others. A
    class is left out if all rows or no rows are of it. If no class is left, the score is 0.5.

    Fawcett, 2006, An introduction to ROC analysis; by ranks, Mann and Whitney, 1947.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True

    def __call__(self, p: Array, t: Array) -> float:
        classes = [1] if p.shape[1] == 2 else range(p.shape[1])
        areas = [_area(p[:, k], t == k) for k in classes if 0 < np.count_nonzero(t == k) < len(t)]
        return float(np.mean(areas)) if areas else 0.5


def _area(p: Array, positive: Array) -> float:
    """(rank sum of the n positives - n (n + 1) / 2) / (n m), for m negatives; equal p get their mean rank."""
    _, which, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[which]
    n = np.count_nonzero(positive)
    return float((ranks[positive].sum() - n * (n + 1) / 2.0) / (n * (len(p) - n)))
