"""The expected calibration error."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.metrics.base import METRICS, Metric, likeliest
from nnfs_cli.preprocessing.records import Task


@METRICS.register("expected_calibration_error")
@dataclass(frozen=True)
class ExpectedCalibrationError(Metric):
    """sum over bins of (rows in the bin / N) |accuracy of the bin - mean confidence of the bin|

    A row's confidence is its largest p. Bins are equal parts of (0, 1]; each includes its upper edge.
    0 is perfect.

    Guo, Pleiss, Sun and Weinberger, 2017, On calibration of modern neural networks, arXiv:1706.04599.

    bins: the number of bins.
    """

    bins: PositiveInt = 15
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0

    @property
    def fewest_rows(self) -> int:
        return 60 * self.bins  # of few rows a bin's accuracy is off by chance, which only adds to the error

    def __call__(self, p: Array, t: Array) -> float:
        gap, which = self._gaps(p, t)
        return float(np.abs(np.bincount(which, gap)).sum() / len(t))

    def terms(self, p: Array, t: Array) -> Array:
        gap, which = self._gaps(p, t)
        terms = np.zeros((len(t), self.bins))
        terms[np.arange(len(t)), which] = gap
        return terms

    def of_means(self, means: Array) -> Array:
        return np.asarray(np.abs(means).sum(axis=-1))

    def _gaps(self, p: Array, t: Array) -> tuple[Array, Array]:
        """Each row's (right or wrong) - confidence, and the number of its bin."""
        confidence = p.max(axis=1).astype(np.float64)
        return (likeliest(p) == t) - confidence, bin_of(confidence, self.bins)

    def needs_probabilities(self, classes: int) -> bool:
        return True


def bin_of(confidence: Array, bins: int) -> Array:
    """The number of the bin, from 0 on, that each confidence (N,) is in."""
    return np.searchsorted(np.arange(1, bins) / bins, confidence)
