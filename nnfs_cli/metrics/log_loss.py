"""The logarithmic loss."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Task
from nnfs_cli.metrics.base import METRICS, Metric


@METRICS.register("log_loss")
@dataclass(frozen=True)
class LogLoss(Metric):
    """-1/N sum over n of log p[n, t_n], with p cut at float64's 2.2e-16 and scaled to sum to one

    The same as cross_entropy's value but for the cut, so that a certain mistake costs 36 and not more.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __call__(self, p: Array, t: Array) -> float:
        smallest = np.finfo(np.float64).eps
        p = np.clip(p.astype(np.float64), smallest, 1.0 - smallest)
        p /= p.sum(axis=1, keepdims=True)
        return -float(np.mean(np.log(p[np.arange(len(t)), t])))
