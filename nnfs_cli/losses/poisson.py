"""The Poisson loss, for counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Data, Task


@LOSSES.register("poisson")
@dataclass(frozen=True)
class Poisson(Loss):
    """L = 1/(N M) sum of exp(z) - t z        z: (N, M) logarithms of rates   t: (N, M) counts

    dz = (exp(z) - t) / (N M). L is the negative log-likelihood without log(t!), which does not depend on z.
    Predictions are the rates exp(z); above z = 88 these overflow in float32. Targets need not be whole
    numbers. They must not be negative: the loss would have no minimum.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    adds_up: ClassVar[bool] = True
    any_units: ClassVar[bool] = False
    largest_output: ClassVar[float] = 80.0
    formulas: ClassVar[tuple[str, ...]] = (
        "p = exp(z)",
        "L = 1 / (N * M) * sum(exp(z) - t * z)",
        "dz = 1 / (N * M) * (exp(z) - t)",
    )

    def value(self, z: Array, t: Array) -> float:
        return float(np.mean(np.exp(z) - t * z, dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        np.exp(z, out=dz)
        dz -= t
        dz *= 1.0 / z.size

    def predict(self, z: Array) -> Array:
        return np.asarray(np.exp(z))

    def constant(self, t: Array, width: int) -> Array:
        return np.log(np.maximum(super().constant(t, width), 0.5 / len(t)))  # counts that are all 0, too

    def width(self, data: Data) -> int:
        for name, split in data.splits.items():
            least = split.t[split.rows].min()
            if least < 0:
                raise NnfsError(
                    f"loss: poisson is for counts, which are at least 0, but the {name} split has a target "
                    f"of {least:g}"
                )
        return data.target_width

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        yield "regression", rng.normal(size=(n, width)), rng.poisson(2.0, (n, width)).astype(np.float64)
