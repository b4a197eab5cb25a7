"""F1, over classes."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, Metric, class_counts, class_terms, likeliest, mean_of_classes
from nnfs_cli.preprocessing.records import Task


@METRICS.register("f1")
@dataclass(frozen=True)
class F1(Metric):
    """2 hits / (rows predicted as the class + rows of the class), averaged over classes; 0 for 0 / 0

    The macro average leaves out classes without rows that are never predicted, as in scikit-learn.

    average: `macro`, the mean of the classes' scores, or `micro`, the score of the summed counts, which
        is the accuracy.
    """

    average: Literal["macro", "micro"] = "macro"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True

    def __call__(self, p: Array, t: Array) -> float:
        return float(self.of_means(class_counts(p, t, self.average).ravel()))

    def hits(self, p: Array, t: Array) -> Array | None:
        return likeliest(p) == t if self.average == "micro" else None

    def terms(self, p: Array, t: Array) -> Array:
        return class_terms(p, t, self.average)

    def of_means(self, means: Array) -> Array:
        hits, predicted, actual = np.split(means, 3, axis=-1)
        return mean_of_classes(2.0 * hits, predicted + actual, predicted + actual)
