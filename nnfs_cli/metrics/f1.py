"""F1, over classes."""

from dataclasses import dataclass

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import METRICS, ClassAverage


@METRICS.register("f1")
@dataclass(frozen=True)
class F1(ClassAverage):
    """2 hits / (rows predicted as the class + rows of the class), averaged over classes; 0 for 0 / 0

    The macro average leaves out classes without rows that are never predicted, as in scikit-learn.

    average: `macro`, the mean of the classes' scores, or `micro`, the score of the summed counts, which
        is the accuracy.
    """

    def share(self, hits: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        return 2.0 * hits, predicted + actual
