"""Round clouds of points, one a class."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat, PositiveInt
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("blobs")
@dataclass(frozen=True)
class Blobs(Synthetic):
    """x = c_k + noise e,   e ~ N(0, 1)        x: (samples, features), c: (classes, features)

    k is the class; the centers c are uniform on [-spread, spread]^features.

    samples: how many points; the classes share them evenly.
    noise: the standard deviation of each cloud, in every direction.
    seed: draws the centers and the points, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share; both get the same share of each class.
    classes: how many clouds.
    features: how many inputs.
    spread: how far from 0 the centers may lie; the less, the more the clouds overlap.
    """

    samples: Annotated[int, Ge(2)] = 300
    noise: NonNegativeFloat = 1.0
    classes: Annotated[int, Ge(2)] = 3
    features: PositiveInt = 2
    spread: PositiveFloat = 5.0

    def __post_init__(self) -> None:
        check_options(
            self,
            samples=(self.samples >= self.classes, f"at least one for each of the {self.classes} classes"),
        )

    @property
    def width(self) -> int:
        return self.features + 1

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        centers = points.uniform(-self.spread, self.spread, (self.classes, self.features))
        x = centers[self.labels(self.classes)]
        return self.classification(x, tuple(str(k) for k in range(self.classes)), points, rng)
