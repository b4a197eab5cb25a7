"""A noisy cubic curve."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import check_options
from nnfs_cli.core.ranges import NonNegativeFloat, PositiveInt
from nnfs_cli.datasets.base import DATASETS, PASSES, Dataset, Seed, fingerprint
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.preprocessing.splitting import HeldOut, Validation, split_up


@DATASETS.register("cubic")
@dataclass(frozen=True)
class Cubic(Dataset):
    """t = x^3 + noise e,   e ~ N(0, 1)        x, t: (samples, 1), x evenly spaced on [low, high]

    samples: how many points.
    noise: the standard deviation of the noise.
    low: where the interval of x starts.
    high: where the interval of x ends; above low.
    seed: draws the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share.
    """

    samples: PositiveInt = 200
    noise: NonNegativeFloat = 0.3
    low: float = -2.0
    high: float = 2.0
    seed: Seed = 42
    validation: Validation = 0
    test: HeldOut = 0

    def __post_init__(self) -> None:
        check_options(
            self,
            high=(self.high > self.low, f"above low, which is {self.low}"),
        )

    def least_memory(self) -> int:
        return PASSES * 8 * self.samples * 2

    def load(self, rng: np.random.Generator) -> Data:
        x = np.linspace(self.low, self.high, self.samples).reshape(-1, 1)
        # RandomState's stream is frozen by NumPy's policy: these points never change with a release.
        noise = np.random.RandomState(self.seed).standard_normal(x.shape)
        t = cube(x) + self.noise * noise
        splits = split_up(x, t, rng, validation=self.validation, test=self.test)
        return Data(splits, truth=cube, fingerprint=fingerprint(x, t))


def cube(x: Array) -> Array:
    """x^3, the curve without its noise."""
    return np.asarray(x**3)
