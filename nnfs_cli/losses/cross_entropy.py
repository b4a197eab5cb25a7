"""Cross-entropy of softmax probabilities, from logits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, row_numbers
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.ranges import Fraction, PositiveFloat
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Data, Task


@LOSSES.register("cross_entropy")
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """L = -1/N sum over n of log p[n, t_n],   p = softmax(z)        z: (N, K)   t: (N,) class numbers

    dz = (p - onehot(t)) / N

    z are logits; the softmax is part of this loss, so that both are exact for large z too.

    With class weights w and label smoothing s, as in PyTorch, targets are q = (1 - s) onehot(t) + s / K, and
    L = -(sum over n, k of q_nk w_k log p_nk) / (sum over n of w[t_n]).

    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, 2016, Rethinking the Inception architecture,
    arXiv:1512.00567 (label smoothing).

    label_smoothing: s, the part of each target that is spread evenly over all classes.
    class_weights: w, a weight for each class; none for equal weights.
    """

    label_smoothing: Fraction = 0.0
    class_weights: tuple[PositiveFloat, ...] = ()
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    adds_up: ClassVar[bool] = True
    expects_logits: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [
        {},
        {"label_smoothing": 0.1},
        {"class_weights": (0.5, 2.0, 1.5)},
        {"label_smoothing": 0.2, "class_weights": (0.5, 2.0, 1.5)},
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "p = softmax(z)",
        "L = -1 / N * sum(log(pick(p, t))) if not label_smoothing and not class_weights",
        "dz = 1 / N * (p - onehot(t, K)) if not label_smoothing and not class_weights",
        "q = (1 - label_smoothing) * onehot(t, K) + label_smoothing / K if label_smoothing",
        "q = onehot(t, K) if class_weights and not label_smoothing",
        "L = -1 / N * sum(q * log(p)) if label_smoothing and not class_weights",
        "dz = 1 / N * (p - q) if label_smoothing and not class_weights",
        "total = sum(take(class_weights, t)) if class_weights",
        "L = -1 / total * sum(q * class_weights * log(p)) if class_weights",
        "dz = 1 / total * (p * sum(q * class_weights, k) - q * class_weights) if class_weights",
    )

    def value(self, z: Array, t: Array) -> float:
        shifted = z - z.max(axis=1, keepdims=True)
        if not self.label_smoothing and not self.class_weights:
            log_p = shifted[row_numbers(len(t)), t]
            np.exp(shifted, out=shifted)
            log_p -= np.log(shifted.sum(axis=1))
            return -float(np.mean(log_p, dtype=np.float64))
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1))[:, np.newaxis]
        right, any_class = self._counts(z, t)
        total = right * log_p[row_numbers(len(t)), t] + log_p @ any_class
        return -float(np.sum(total, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=dz)
        np.exp(dz, out=dz)
        dz /= np.add.reduce(dz, axis=1, keepdims=True)  # softmax
        if not self.label_smoothing and not self.class_weights:
            dz[row_numbers(len(t)), t] -= 1.0
            dz *= 1.0 / len(t)
        else:
            right, any_class = self._counts(z, t)
            dz *= (right + any_class.sum())[:, np.newaxis]
            dz -= any_class
            dz[row_numbers(len(t)), t] -= right

    def weight(self, t: Array) -> float:
        return float(np.take(self.class_weights, t).sum()) if self.class_weights else super().weight(t)

    def predict(self, z: Array) -> Array:
        # Subtracting the maximum does not change p, but keeps exp from overflowing.
        p: Array = z - z.max(axis=1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
        return p

    def constant(self, t: Array, width: int) -> Array:
        shares = super().constant(t, width)
        if self.label_smoothing or self.class_weights:
            right, any_class = self._counts(np.zeros((len(t), width)), t)
            shares = np.bincount(t, right, minlength=width) + len(t) * any_class
            shares /= shares.sum()
        return np.log(np.maximum(shares, 0.5 / len(t)))  # a class without rows has a logarithm, too

    def width(self, data: Data) -> int:
        if data.classes and self.class_weights and len(self.class_weights) != len(data.classes):
            raise NnfsError(
                f"loss.class_weights: must be one for each of the {len(data.classes)} classes, "
                f"found {len(self.class_weights)}"
            )
        return data.target_width

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        yield from super().trials(n, len(self.class_weights) or width, rng)

    def _counts(self, z: Array, t: Array) -> tuple[Array, Array]:
        """The weights q_nk w_k / sum of w[t] of -log p_nk in the loss, in two parts that add up.

        They are (N,) for each row's right class, and (K,) for all classes in every row.
        """
        classes = z.shape[1]
        weights = np.array(self.class_weights or (1.0,) * classes, z.dtype)
        right = weights[t]
        total = right.sum()
        right *= (1.0 - self.label_smoothing) / total
        weights *= self.label_smoothing / classes / total
        return right, weights
