"""Cross-entropy of softmax probabilities, from logits."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Task
from nnfs_cli.losses.base import LOSSES, Loss


@LOSSES.register("cross_entropy")
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """L = -1/N sum over n of log p[n, t_n],   p = softmax(z)        z: (N, K)   t: (N,) class numbers

    dz = (p - onehot(t)) / N

    z are logits: the softmax is part of this loss, so that both stay exact at any size of z.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    expects_logits: ClassVar[bool] = True

    def value(self, z: Array, t: Array) -> float:
        shifted = z - z.max(axis=1, keepdims=True)
        log_p = shifted[np.arange(len(t)), t] - np.log(np.exp(shifted).sum(axis=1))
        return -float(np.mean(log_p, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        _softmax(z, out=dz)
        dz[np.arange(len(t)), t] -= 1.0
        dz *= 1.0 / len(t)

    def predict(self, z: Array) -> Array:
        p = np.empty_like(z)
        _softmax(z, out=p)
        return p


def _softmax(z: Array, out: Array) -> None:
    """Softmax over axis 1. Subtracting the maximum changes nothing but keeps exp from overflowing."""
    np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= np.add.reduce(out, axis=1, keepdims=True)
