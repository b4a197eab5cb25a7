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
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0

    def __call__(self, p: Array, t: Array) -> float:
        areas = [_area(c, t == k) for k, c in _columns(p).items() if 0 < np.count_nonzero(t == k) < len(t)]
        return float(np.mean(areas)) if areas else math.nan

    def terms(self, p: Array, t: Array) -> Array:
        """For each class its rows' and the others' shares of rows in the right order, and how many they are.

        A share is counted among the rows given, not among those of a resample, which would change little.
        DeLong, DeLong and Clarke-Pearson, 1988, Comparing the areas under correlated ROC curves.
        """
        return np.concatenate([_shares(column, t == k) for k, column in _columns(p).items()], axis=1)

    def of_means(self, means: Array) -> Array:
        of_class, rows, of_others, others = _of_classes(means)
        there = (rows > 0) & (others > 0)
        one, other = np.where(there, rows, 1.0), np.where(there, others, 1.0)
        areas = np.where(there, np.clip(of_class / one + of_others / other, 0.0, 1.0), 0.0)
        count = np.count_nonzero(there, axis=-1)
        return np.where(count > 0, areas.sum(axis=-1) / np.maximum(count, 1), math.nan)

    def of_resamples(self, means: Array, whole: Array) -> Array:
        _, rows, _, others = _of_classes(means)
        _, all_rows, _, all_others = _of_classes(whole)
        lost = ((rows == 0) & (all_rows > 0)) | ((others == 0) & (all_others > 0))
        return np.where(lost.any(axis=-1), math.nan, self.of_means(means))

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


def _of_classes(means: Array) -> Array:
    """(4, ..., K) the means (..., 4 K) of `_shares`, class by class."""
    return np.moveaxis(means.reshape(*means.shape[:-1], -1, 4), -1, 0)


def _columns(p: Array) -> dict[int, Array]:
    """The numbers (N,) by which rows are put in order, for each class that has an area."""
    return {1: of_second(p)} if p.shape[1] == 2 else dict(enumerate(p.T))


def _area(p: Array, positive: Array) -> float:
    """The share of the n m pairs of a positive and a negative row that are in the right order."""
    n = np.count_nonzero(positive)
    return float(_below(p, ~positive)[positive].sum() / (n * (len(p) - n)))


def _shares(p: Array, positive: Array) -> Array:
    """(N, 4) the share of negatives below each positive, whether it is one; the same of negatives.

    From each share half of the area is taken, so that both means add up to it.
    """
    n = np.count_nonzero(positive)
    m = len(p) - n
    half = _area(p, positive) / 2.0 if n and m else 0.0
    below = _below(p, ~positive) / max(m, 1) - half
    above = 1.0 - _below(p, positive) / max(n, 1) - half
    return np.stack([below * positive, positive, above * ~positive, ~positive], axis=1)


def _below(p: Array, chosen: Array) -> Array:
    """For each row (N,), how many of the chosen rows have a smaller p; equal ones count half."""
    _, which = np.unique(p, return_inverse=True)
    there = np.bincount(which, chosen)
    return np.asarray((np.cumsum(there) - there / 2.0)[which])
