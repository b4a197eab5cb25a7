"""The metric's contract and registry."""

from abc import ABC, abstractmethod
from typing import ClassVar

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import Array
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


METRICS: Registry[Metric] = Registry("metric", __package__)
Metric.registry = METRICS
