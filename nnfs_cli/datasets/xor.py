"""Exclusive or: the oldest problem that a single layer cannot solve."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.ranges import Expected
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("xor")
@dataclass(frozen=True)
class Xor(Synthetic):
    """x = u + noise e,   class: do u1 and u2 have the same sign or different ones?        x: (samples, 2)

    u is uniform on [-1, 1]^2, with equally many points of each class, and e ~ N(0, 1). The class depends on
    u alone, so noise moves some points across the axes, where no network can classify them all correctly.

    samples: how many points; the classes share them evenly.
    noise: the standard deviation of the noise, in both directions.
    seed: draws the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share; both get the same share of each class.

    Minsky and Papert 1969, Perceptrons.
    """

    samples: Annotated[int, Ge(2), Expected("at least one for each of the 2 classes")] = 400

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        u = points.uniform(-1.0, 1.0, (self.samples, 2))
        u[:, 1] = np.copysign(u[:, 1], np.where(self.labels(2) == 0, u[:, 0], -u[:, 0]))
        return self.classification(u, ("same sign", "different signs"), points, rng)
