"""Precision, over classes."""

from dataclasses import dataclass

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, ClassAverage


@METRICS.register("precision")
@dataclass(frozen=True)
class Precision(ClassAverage):
    """hits / rows predicted as the class, averaged over classes; 0 for 0 / 0

    The macro average leaves out classes without rows that are never predicted, as in scikit-learn.

    average: `macro`, the mean of the classes' scores, or `micro`, the score of the summed counts, which
        is the accuracy.
    """

    def share(self, hits: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        return hits, predicted
