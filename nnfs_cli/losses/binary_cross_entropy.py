"""Cross-entropy of sigmoid probabilities, from logits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Data, Task
from nnfs_cli.losses.base import LOSSES, Loss


@LOSSES.register("binary_cross_entropy")
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """L = -1/(N M) sum of t log(p) + (1 - t) log(1 - p),   p = 1 / (1 + exp(-z))        z: (N, M)

    dz = (p - t) / (N M)

    For two classes there is one output, (N, 1), the logit of the second class, and t: (N,) class
    numbers. For several yes-or-no labels t: (N, M) holds zeros and ones. z are logits: the sigmoid is
    part of this loss, so that both stay exact at any size of z.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    expects_logits: ClassVar[bool] = True

    def value(self, z: Array, t: Array) -> float:
        # max(z, 0) - t z + log(1 + exp(-|z|)), the same sum without overflow
        terms = np.maximum(z, 0.0) - t.reshape(z.shape) * z + np.log1p(np.exp(-np.abs(z)))
        return float(np.mean(terms, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        _sigmoid(z, out=dz)
        dz -= t.reshape(z.shape)
        dz *= 1.0 / z.size

    def predict(self, z: Array) -> Array:
        """Probabilities: of both classes where there is one output, else of each label."""
        p = np.empty_like(z)
        _sigmoid(z, out=p)
        return np.concatenate([1.0 - p, p], axis=1) if z.shape[1] == 1 else p

    def width(self, data: Data) -> int:
        if data.classes and len(data.classes) != 2:
            raise NnfsError(
                f"loss: binary_cross_entropy tells two classes apart, but these data have "
                f"{len(data.classes)}; for more, use cross_entropy"
            )
        return 1 if data.classes else data.target_width

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        yield "classification", 2.0 * rng.normal(size=(n, 1)), rng.integers(0, 2, n)
        yield (
            "regression",
            2.0 * rng.normal(size=(n, width)),
            rng.integers(0, 2, (n, width)).astype(np.float64),
        )


def _sigmoid(z: Array, out: Array) -> None:
    """(1 + tanh(z / 2)) / 2, which cannot overflow."""
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out += 1.0
    out *= 0.5
