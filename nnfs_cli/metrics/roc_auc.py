"""The area under the receiver operating characteristic."""

import math
from collections.abc import Sequence
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

    For two classes, p of the second, or p of the second less p of the first where p are scores: scores of a
    hinge loss mean nothing but by their difference. For more classes, the mean over classes, each against
    all others, of probabilities alone, as in scikit-learn. A class is left out if all rows or no rows are of
    it. If no class is left, the score is undefined.

    Fawcett, 2006, An introduction to ROC analysis; by ranks, Mann and Whitney, 1947.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True

    def __call__(self, p: Array, t: Array) -> float:
        columns = {1: of_second(p)} if p.shape[1] == 2 else dict(enumerate(p.T))
        areas = [_area(c, t == k) for k, c in columns.items() if 0 < np.count_nonzero(t == k) < len(t)]
        return float(np.mean(areas)) if areas else math.nan

    def needs_probabilities(self, classes: int) -> bool:
        return classes > 2

    def lacks(self, t: Array, classes: Sequence[str]) -> str:
        there = np.unique(t)
        if len(there) > 1:
            return ""
        return f"no row of class {classes[1 - there[0]]}" if len(classes) == 2 else "rows of a single class"


def of_second(p: Array) -> Array:
    """Numbers (N,) that put rows in the order of p[:, 1] - p[:, 0], for p (N, 2).

    Where they are probabilities, p[:, 1] is in that order, with all its digits.
    """
    low, high = np.asarray(p.T, np.float64)
    are_probabilities = p.min() >= 0.0 and np.abs(low + high - 1.0).max() <= 1e-6
    return high if are_probabilities else np.asarray(high - low)


def _area(p: Array, positive: Array) -> float:
    """(rank sum of the n positives - n (n + 1) / 2) / (n m), for m negatives; equal p get their mean rank."""
    _, which, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[which]
    n = np.count_nonzero(positive)
    return float((ranks[positive].sum() - n * (n + 1) / 2.0) / (n * (len(p) - n)))
