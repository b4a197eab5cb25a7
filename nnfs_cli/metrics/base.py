"""The metric's contract and registry."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import Array, largest
from nnfs_cli.core.records import Task


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


def class_counts(p: Array, t: Array, average: Literal["macro", "micro"]) -> Array:
    """Rows of each class that are hits, that were predicted as it, and that are its own: (3, K), float64.

    For `macro`, K leaves out classes neither predicted nor there, as scikit-learn does. For `micro`,
    the counts of all classes are summed up, and K is 1.
    """
    guess, classes = largest(p), p.shape[1]
    counts = np.array([np.bincount(k, minlength=classes) for k in (t[guess == t], guess, t)], np.float64)
    if average == "micro":
        counts = counts.sum(axis=1, keepdims=True)
    return counts[:, counts[1] + counts[2] > 0]


METRICS: Registry[Metric] = Registry("metric", __package__)
Metric.registry = METRICS
