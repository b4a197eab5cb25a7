"""The quantile, or pinball, loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from nnfs_cli.core.arrays import Array
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.preprocessing.records import Task


@LOSSES.register("quantile")
@dataclass(frozen=True)
class Quantile(Loss):
    """L = 1/(N M) sum of q (t - z) where t >= z, else (1 - q) (z - t)        z, t: (N, M)

    dz = -q / (N M) where z < t, (1 - q) / (N M) where z > t, and the mean of both where z = t. The best
    constant z is the q-quantile of t.

    Koenker and Bassett, 1978, Regression quantiles.

    q: the quantile, 0.5 for the median.
    """

    q: Annotated[float, Gt(0), Lt(1)] = 0.5
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    adds_up: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"q": 0.9}]
    formulas: ClassVar[tuple[str, ...]] = (
        "d = t - z",
        "L = 1 / (N * M) * sum(max(q * d, (q - 1) * d))",
        "dz = 1 / (N * M) * ((1 + sign(z - t)) / 2 - q)",
    )

    def value(self, z: Array, t: Array) -> float:
        d = t - z
        return float(np.mean(np.maximum(self.q * d, (self.q - 1.0) * d), dtype=np.float64))

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        # sign(z - t) / 2 + 1/2 - q
        np.subtract(z, t, out=dz)
        np.sign(dz, out=dz)
        dz *= 0.5
        dz += 0.5 - self.q
        dz *= 1.0 / z.size

    def constant(self, t: Array, width: int) -> Array:
        return np.quantile(t, self.q, axis=0)
