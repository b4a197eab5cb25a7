"""Two half circles, each reaching into the other."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.ranges import Expected
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("moons")
@dataclass(frozen=True)
class Moons(Synthetic):
    """upper: x = (cos a, sin a) + noise e,   lower: x = (1 - cos a, 1/2 - sin a) + noise e    x: (samples, 2)

    The angle a is uniform on [0, pi], and e ~ N(0, 1).

    samples: how many points; the moons share them evenly.
    noise: the standard deviation of the noise, in both directions.
    seed: draws the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share; both get the same share of each class.

    As scikit-learn defines make_moons, but there the angles are evenly spaced.
    """

    samples: Annotated[int, Ge(2), Expected("at least one for each of the 2 classes")] = 400

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        a = points.uniform(0.0, np.pi, self.samples)
        upper = np.stack([np.cos(a), np.sin(a)], axis=1)
        x = np.where(self.labels(2)[:, None] == 0, upper, [1.0, 0.5] - upper)
        return self.classification(x, ("upper", "lower"), points, rng)
