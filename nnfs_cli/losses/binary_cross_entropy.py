"""Cross-entropy of sigmoid probabilities, from logits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Data, Task


@LOSSES.register("binary_cross_entropy")
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """L = -1/(N M) sum of w t log(p) + (1 - t) log(1 - p),   p = 1 / (1 + exp(-z))        z: (N, M)

    dz = (p (1 + (w - 1) t) - w t) / (N M), which is (p - t) / (N M) for w = 1

    For two classes there is one output (N, 1), the logit of the second class, and t: (N,) are class
    numbers. For several yes-or-no labels t: (N, M) holds zeros and ones, or probabilities. z are logits;
    the sigmoid is part of this loss, so that both are exact for large z too.

    positive_weight: w, the weight of a one compared with a zero; zeros / ones, their counts, balances both.
    """

    positive_weight: PositiveFloat = 1.0
    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    adds_up: ClassVar[bool] = True
    expects_logits: ClassVar[bool] = True
    any_units: ClassVar[bool] = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"positive_weight": 3.0}]
    formulas: ClassVar[tuple[str, ...]] = (
        "p = 1 / (1 + exp(-z))",
        "L = -1 / (N * M) * sum(t * log(p) + (1 - t) * log(1 - p)) if positive_weight == 1",
        "dz = 1 / (N * M) * (p - t) if positive_weight == 1",
        "L = -1 / (N * M) * sum(positive_weight * t * log(p) + (1 - t) * log(1 - p))"
        " if not positive_weight == 1",
        "dz = 1 / (N * M) * (p * (1 + (positive_weight - 1) * t) - positive_weight * t)"
        " if not positive_weight == 1",
    )

    def formula_values(self, z: Array, t: Array) -> dict[str, Any]:
        return super().formula_values(z, t.reshape(z.shape))

    def value(self, z: Array, t: Array) -> float:
        # -log(1 - p) = max(z, 0) + log(1 + exp(-|z|)), without overflow; -log(p) is that less z
        t = t.reshape(z.shape)
        tail = np.log1p(np.exp(-np.abs(z)))
        if_one, if_zero = np.maximum(-z, 0.0) + tail, np.maximum(z, 0.0) + tail
        terms = self.positive_weight * t * if_one + (1.0 - t) * if_zero
        return float(np.mean(terms, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        t = t.reshape(z.shape)
        _sigmoid(z, out=dz)
        if self.positive_weight == 1.0:
            dz -= t
        else:
            for p, target in zip(
                dz.T, t.T, strict=True
            ):  # a column at a time, so that no array of dz's size is needed
                p *= 1.0 + (self.positive_weight - 1.0) * target
                p -= self.positive_weight * target
        dz *= 1.0 / z.size

    def predict(self, z: Array) -> Array:
        """Probabilities: of both classes if there is one output, else of each label."""
        p = np.concatenate([-z, z], axis=1) if z.shape[1] == 1 else z.copy()
        _sigmoid(p, out=p)
        return p

    def constant(self, t: Array, width: int) -> Array:
        p = super().constant(t.reshape(len(t), width), width)
        p = self.positive_weight * p / (self.positive_weight * p + 1.0 - p)
        p = np.clip(p, 0.5 / len(t), 1.0 - 0.5 / len(t))  # one class alone has a finite z, too
        return np.log(p / (1.0 - p))

    def width(self, data: Data) -> int:
        if data.classes:
            if len(data.classes) != 2:
                raise NnfsError(
                    f"loss: binary_cross_entropy tells two classes apart, but these data have "
                    f"{len(data.classes)}; for more, use cross_entropy"
                )
            return 1
        if data.target_width == 1:
            raise NnfsError(
                "loss: binary_cross_entropy takes a single yes-or-no target as two classes, but these "
                "data have it as one real value"
            )
        for name, split in data.splits.items():
            t = split.t[split.rows]
            if t.min() < 0 or t.max() > 1:
                raise NnfsError(
                    f"loss: binary_cross_entropy takes targets between 0 and 1, but those of the {name} "
                    f"split go from {t.min():g} to {t.max():g}"
                )
        return data.target_width

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        yield "classification", 2.0 * rng.normal(size=(n, 1)), rng.integers(0, 2, n)
        labels = rng.integers(0, 2, (n, width)).astype(np.float64)
        yield "regression", 2.0 * rng.normal(size=(n, width)), labels


def _sigmoid(z: Array, out: Array) -> None:
    """1 / (1 + exp(-z)), precise at both ends. float32 can represent exp(80)."""
    np.negative(z, out=out)
    np.minimum(out, 80.0, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.reciprocal(out, out=out)
