"""Recall, over classes."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Task
from nnfs_cli.metrics.base import METRICS, Metric


@METRICS.register("recall")
@dataclass(frozen=True)
class Recall(Metric):
    """hits / rows of the class, averaged over classes; 0 for 0 / 0

    Classes that are neither predicted nor there are left out of the macro average, as in scikit-learn.

    average: `macro`, the mean of the classes' scores, or `micro`, the score of all counts summed up,
        which is the accuracy.
    """

    average: Literal["macro", "micro"] = "macro"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    maximize: ClassVar[bool] = True

    def __call__(self, p: Array, t: Array) -> float:
        k = p.shape[1]
        guess = p.argmax(axis=1)
        hits = np.bincount(t[guess == t], minlength=k).astype(np.float64)
        predicted, actual = np.bincount(guess, minlength=k), np.bincount(t, minlength=k)
        if self.average == "micro":
            hits, predicted, actual = (
                hits.sum(keepdims=True),
                predicted.sum(keepdims=True),
                actual.sum(keepdims=True),
            )
        there = predicted + actual > 0
        above, below = hits, actual
        scores = above[there] / np.maximum(below[there], 1)
        return float(scores.mean())
