"""A circle within a circle."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Lt

from nnfs_cli.core.ranges import Expected
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("circles")
@dataclass(frozen=True)
class Circles(Synthetic):
    """outer: x = (cos a, sin a) + noise e,   inner: x = factor (cos a, sin a) + noise e    x: (samples, 2)

    The angle a is uniform on [0, 2 pi], and e ~ N(0, 1). No straight line tells the two apart.

    samples: how many points; the circles share them evenly.
    noise: the standard deviation of the noise, in both directions.
    seed: draws the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share; both get the same share of each class.
    factor: the inner circle's radius; the outer one's is 1.

    As scikit-learn defines make_circles, but there the angles are evenly spaced.
    """

    samples: Annotated[int, Ge(2), Expected("at least one for each of the 2 classes")] = 400
    factor: Annotated[float, Gt(0), Lt(1)] = 0.5

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        a = points.uniform(0.0, 2 * np.pi, self.samples)
        radius = np.where(self.labels(2) == 0, 1.0, self.factor)
        x = np.stack([radius * np.cos(a), radius * np.sin(a)], axis=1)
        return self.classification(x, ("outer", "inner"), points, rng)
