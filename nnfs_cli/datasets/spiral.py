"""Spiral arms, wound around each other."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data

CENTER = 0.1
"""The arms begin this far from the origin, where they would all meet."""


@DATASETS.register("spiral")
@dataclass(frozen=True)
class Spiral(Synthetic):
    """x = r (cos a, sin a) + noise e,   a = 2 pi (turns r + k / classes),   e ~ N(0, 1)    x: (samples, 2)

    k is the class, and the radius r is uniform on [0.1, 1].

    samples: how many points; the arms share them evenly.
    noise: the standard deviation of the noise, in both directions.
    seed: draws the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share; both get the same share of each class.
    classes: how many arms.
    turns: turns of an arm from the origin to radius 1; with more turns the arms are harder to tell apart.
    """

    samples: Annotated[int, Ge(2)] = 600
    noise: NonNegativeFloat = 0.03
    classes: Annotated[int, Ge(2)] = 3
    turns: NonNegativeFloat = 1.0

    def __post_init__(self) -> None:
        check_options(
            self,
            samples=(self.samples >= self.classes, f"at least one for each of the {self.classes} classes"),
        )

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        r = points.uniform(CENTER, 1.0, self.samples)
        a = 2 * np.pi * (self.turns * r + self.labels(self.classes) / self.classes)
        x = np.stack([r * np.cos(a), r * np.sin(a)], axis=1)
        return self.classification(x, tuple(f"arm {k + 1}" for k in range(self.classes)), points, rng)
