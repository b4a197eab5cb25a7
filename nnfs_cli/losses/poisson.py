"""The Poisson loss, for counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Task
from nnfs_cli.losses.base import LOSSES, Loss


@LOSSES.register("poisson")
@dataclass(frozen=True)
class Poisson(Loss):
    """L = 1/(N M) sum of exp(z) - t z        z: (N, M) logarithms of rates   t: (N, M) counts

    dz = (exp(z) - t) / (N M). It is the negative log-likelihood without log(t!), which z cannot change.
    Predictions are the rates exp(z). Beyond z = 88 those are too large for float32.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    largest_output: ClassVar[float] = 80.0

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(np.exp(z) - t * z, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.exp(z, out=dz)
        dz -= t
        dz *= 1.0 / z.size

    def predict(self, z: Array) -> Array:
        return np.asarray(np.exp(z))

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        yield "regression", rng.normal(size=(n, width)), rng.poisson(2.0, (n, width)).astype(np.float64)
