"""The metric's contract and registry."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.preprocessing.records import Task

WORTH_COLUMNS = 8192
"""Numbers from which on it pays to go through them column by column."""


class Metric(Component, ABC):
    """A score of predictions p (N, M) for targets t: classes (N,) or real values (N, M).

    For classes p are probabilities.

    tasks: the kinds of targets it is defined for.
    maximize: more is better.
    """

    registry: ClassVar[Registry["Metric"]]
    tasks: ClassVar[tuple[Task, ...]]
    maximize: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, p: Array, t: Array) -> float:
        """The score over all rows, summed up in float64."""


def likeliest(p: Array) -> Array:
    """The class (N,) of the largest p (N, K) in each row, of equal ones the first: p.argmax(axis=1).

    NumPy's argmax goes through one row after the other, which is slow where rows lie innermost in
    memory. There, whole columns at a time, the first class that has its row's maximum is the one for
    which K - k is largest.
    """
    classes = p.shape[1]
    if p.size >= WORTH_COLUMNS and classes <= 255 and p.flags.f_contiguous:
        from_behind = np.arange(classes, 0, -1, dtype=np.uint8)
        found = np.maximum.reduce((p == np.maximum.reduce(p, axis=1, keepdims=True)) * from_behind, axis=1)
        if found.all():  # else a row has no class as large as its maximum: that is not a number
            return np.asarray(np.subtract(classes, found, dtype=np.intp))
    return np.asarray(p.argmax(axis=1))


def class_counts(p: Array, t: Array, average: Literal["macro", "micro"]) -> Array:
    """Rows of each class that are hits, that were predicted as it, and that are its own: (3, K), float64.

    For `macro`, K leaves out classes neither predicted nor there, as scikit-learn does. For `micro`,
    the counts of all classes are summed up, and K is 1.
    """
    guess, classes = likeliest(p), p.shape[1]
    counts = np.array([np.bincount(k, minlength=classes) for k in (t[guess == t], guess, t)], np.float64)
    if average == "micro":
        counts = counts.sum(axis=1, keepdims=True)
    return counts[:, counts[1] + counts[2] > 0]


METRICS: Registry[Metric] = Registry("metric", __package__)
Metric.registry = METRICS
