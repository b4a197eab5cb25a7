"""Friedman's first regression problem: half of the inputs matter, and two of them only together."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import NonNegativeFloat, PositiveInt
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("friedman1")
@dataclass(frozen=True)
class Friedman1(Synthetic):
    """t = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + noise e    x: (samples, D), t: (samples, 1)

    x is uniform on [0, 1]^D, D = features, and e ~ N(0, 1). Inputs after the fifth have no effect on t.
    No network can be expected to reach an RMSE below `noise`. The standard deviation of t without noise
    is 4.9.

    samples: how many points.
    noise: the standard deviation of the noise.
    seed: draws the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share.
    features: how many inputs, 5 or more.

    Friedman 1991, Multivariate adaptive regression splines, The Annals of Statistics 19 (1).
    """

    samples: PositiveInt = 1000
    noise: NonNegativeFloat = 1.0
    features: Annotated[int, Ge(5)] = 10

    @property
    def width(self) -> int:
        return self.features + 1

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        x = points.uniform(size=(self.samples, self.features))
        return self.regression(x, friedman, points, rng)


def friedman(x: Array) -> Array:
    """The sum without its noise: (N, features) -> (N, 1)."""
    x1, x2, x3, x4, x5 = x[:, :5].T
    t = 10 * np.sin(np.pi * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5
    return np.asarray(t.reshape(-1, 1))
