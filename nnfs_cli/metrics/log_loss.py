"""The logarithmic loss."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, row_numbers
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.preprocessing.records import Task


@METRICS.register("log_loss")
@dataclass(frozen=True)
class LogLoss(Metric):
    """-1/N sum over n of log p[n, t_n], with p clipped to [e, 1 - e]

    It is cross_entropy's value, but for the clipping, which limits a row's loss to 36. e is float64's
    2.2e-16 for every dtype of the network; scikit-learn takes that of p's dtype.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    lowest: ClassVar[float] = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("log_loss = -1 / N * sum(log(pick(p, t)))",)

    def __call__(self, p: Array, t: Array) -> float:
        return float(np.mean(self.terms(p, t)))

    def terms(self, p: Array, t: Array) -> Array:
        e = np.finfo(np.float64).eps
        right = np.clip(p[row_numbers(len(t)), t].astype(np.float64), e, 1.0 - e)
        return -np.log(right)[:, np.newaxis]

    def needs_probabilities(self, classes: int) -> bool:
        return True
