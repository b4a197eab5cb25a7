"""A noisy sine wave."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import check_options
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("sine")
@dataclass(frozen=True)
class Sine(Synthetic):
    """t = sin(2 pi cycles (x - low) / (high - low)) + noise e,   e ~ N(0, 1)        x, t: (samples, 1)

    x is evenly spaced on [low, high].

    samples: how many points.
    noise: the standard deviation of the noise.
    seed: draws the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share.
    cycles: how many whole waves fit in the interval; the more, the harder to fit.
    low: where the interval of x starts.
    high: where the interval of x ends; above low.
    """

    cycles: PositiveFloat = 2.0
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_options(self, high=(self.high > self.low, f"above low, which is {self.low}"))

    def load(self, rng: np.random.Generator) -> Data:
        x = np.linspace(self.low, self.high, self.samples).reshape(-1, 1)
        return self.regression(x, self.wave, np.random.default_rng(self.seed), rng)

    def wave(self, x: Array) -> Array:
        """The wave without its noise."""
        return np.asarray(np.sin(2 * np.pi * self.cycles * (x - self.low) / (self.high - self.low)))
