"""The base class and registry of metrics."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.preprocessing.records import Task

WORTH_COLUMNS = 8192
"""From this many numbers on, it is faster to go through an array column by column."""


class Metric(Component, ABC):
    """A score of predictions p (N, M) for targets t: classes (N,) or real values (N, M).

    For classes, p are probabilities; or scores, as of a hinge loss, the larger the likelier.

    tasks: the kinds of targets that the metric takes.
    maximize: whether larger scores are better.
    lowest, highest: no score is beyond them.
    """

    registry: ClassVar[Registry["Metric"]]
    tasks: ClassVar[tuple[Task, ...]]
    maximize: ClassVar[bool] = False
    lowest: ClassVar[float] = -math.inf
    highest: ClassVar[float] = math.inf

    @property
    def fewest_rows(self) -> int:
        """Of fewer rows the score is too far off its value for many rows for an interval."""
        return 0

    @abstractmethod
    def __call__(self, p: Array, t: Array) -> float:
        """The score over all rows, summed in float64; not a number where it is undefined."""

    def hits(self, p: Array, t: Array) -> Array | None:
        """Whether each row counts (N,), if the score is the proportion of rows that do; else None.

        Such a score has Wilson's interval.
        """
        return None

    def terms(self, p: Array, t: Array) -> Array | None:
        """(N, K) numbers of each row, if the score is `of_means` of their means over rows; else None.

        The bootstrap then computes thousands of resamples as one product. Without them it calls the metric
        for each, on 1,000 rows at most.
        """
        hits = self.hits(p, t)
        return None if hits is None else hits[:, np.newaxis]

    def of_means(self, means: Array) -> Array:
        """The scores (...) of means (..., K) of `terms`: not numbers where they are undefined."""
        return np.asarray(means[..., 0])

    def of_resamples(self, means: Array, whole: Array) -> Array:
        """The same of resamples of rows, whose own means are `whole` (K,).

        Not numbers where a resample lacks something that the rows have, so that its score is of another kind.
        """
        return self.of_means(means)

    def formula_values(self, p: Array, t: Array) -> dict[str, Any]:
        """Values of names in formulas: p, t, options, N, and p's width M or K."""
        return {**self.options(), "p": p, "t": t, "N": len(p), "M": p.shape[1], "K": p.shape[1]}

    def needs_probabilities(self, classes: int) -> bool:
        """Whether for so many classes p must be probabilities. Others ask only which p is larger."""
        return False

    def lacks(self, t: Array, classes: Sequence[str]) -> str:
        """What targets t (N, ...) lack, so that the score is undefined, as `no row of class a`; else ''."""
        return ""


def likeliest(p: Array) -> Array:
    """The class (N,) with the largest p (N, K) in each row, the first if several are equal: p.argmax(axis=1).

    NumPy's argmax goes row by row, which is slow if the batch is innermost in memory. In this case whole
    columns are compared with the rows' maxima; the first class that is equal has the largest K - k.
    """
    classes = p.shape[1]
    if p.size >= WORTH_COLUMNS and classes <= 255 and p.flags.f_contiguous:
        from_behind = np.arange(classes, 0, -1, dtype=np.uint8)
        found = np.maximum.reduce((p == np.maximum.reduce(p, axis=1, keepdims=True)) * from_behind, axis=1)
        if found.all():  # else some maximum is not a number, which equals nothing
            return np.asarray(np.subtract(classes, found, dtype=np.intp))
    return np.asarray(p.argmax(axis=1))


def class_counts(p: Array, t: Array, average: Literal["macro", "micro"]) -> Array:
    """(3, K) counts for each class: hits, rows predicted as the class, and rows of the class; float64.

    For `micro`, counts are summed over all classes, and K is 1.
    """
    guess, classes = likeliest(p), p.shape[1]
    counts = np.array([np.bincount(k, minlength=classes) for k in (t[guess == t], guess, t)], np.float64)
    return counts.sum(axis=1, keepdims=True) if average == "micro" else counts


def class_terms(p: Array, t: Array, average: Literal["macro", "micro"]) -> Array:
    """(N, 3 K) what of each row `class_counts` counts; its means are as good as the counts for shares."""
    guess, classes = likeliest(p)[:, np.newaxis], np.arange(p.shape[1])
    guessed, actual = guess == classes, t[:, np.newaxis] == classes
    three = [guessed & actual, guessed, actual]
    if average == "micro":
        three = [each.any(axis=1, keepdims=True) for each in three]
    return np.concatenate(three, axis=1)


@dataclass(frozen=True)
class ClassAverage(Metric):
    """A share for each class, averaged over classes: of its hits, or of other counts of its rows.

    average: `macro`, the mean of the classes' scores, or `micro`, the score of the summed counts.
    """

    average: Literal["macro", "micro"] = "macro"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0

    def __call__(self, p: Array, t: Array) -> float:
        return float(self.of_means(class_counts(p, t, self.average).ravel()))

    def hits(self, p: Array, t: Array) -> Array | None:
        return likeliest(p) == t if self.average == "micro" else None

    def terms(self, p: Array, t: Array) -> Array:
        return class_terms(p, t, self.average)

    @abstractmethod
    def share(self, hits: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """The top and the bottom (..., K) of each class's share.

        hits, predicted, actual: (..., K) the rows of each class that are hits, that are predicted as it, and
            that are of it, in number or as shares of all rows.
        """

    def of_means(self, means: Array) -> Array:
        """The mean (...) of the classes' shares, 0 for 0 / 0.

        Classes without rows that are never predicted are left out, as in scikit-learn.
        """
        hits, predicted, actual = np.split(means, 3, axis=-1)
        top, bottom = self.share(hits, predicted, actual)
        shares = np.divide(top, bottom, out=np.zeros(np.shape(top)), where=bottom > 0)
        return np.asarray(shares.sum(axis=-1) / np.count_nonzero(predicted + actual > 0, axis=-1))

    def of_resamples(self, means: Array, whole: Array) -> Array:
        """The same, but not a number where a class has lost its rows: the others' mean is another score."""
        _, predicted, actual = np.split(means, 3, axis=-1)
        _, all_predicted, all_actual = np.split(whole, 3)
        lost = (actual == 0) & ((all_actual > 0) | ((predicted == 0) & (all_predicted > 0)))
        return np.where(lost.any(axis=-1), np.nan, self.of_means(means))


METRICS: Registry[Metric] = Registry("metric", __package__)
Metric.registry = METRICS


def range_of(name: str) -> tuple[float, float]:
    """The lowest and the highest score of a metric of this name; infinite for others, as for `loss`."""
    metric = METRICS[name] if name in METRICS else Metric  # noqa: SIM401  a registry has no get
    return metric.lowest, metric.highest
