"""Several targets that are affine in the inputs."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.preprocessing.records import Data


@DATASETS.register("linear")
@dataclass(frozen=True)
class Linear(Synthetic):
    """t = x W + b + noise e        x: (samples, features), W: (features, outputs), b: (outputs,)

    All of x, W, b and e are drawn from N(0, 1). A single dense layer fits it, and least squares gives
    the exact solution to compare with.

    samples: how many points.
    noise: the standard deviation of the noise.
    seed: draws W, b, the points and the noise, independent of the experiment's seed.
    validation: points to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: points to hold out for test, as a count or as a share.
    features: how many inputs.
    outputs: how many targets.
    """

    features: PositiveInt = 5
    outputs: PositiveInt = 2

    @property
    def width(self) -> int:
        return self.features + self.outputs

    def least_memory(self) -> int:
        return super().least_memory() + 8 * self.features * self.outputs

    def load(self, rng: np.random.Generator) -> Data:
        points = np.random.default_rng(self.seed)
        W = points.standard_normal((self.features, self.outputs))
        b = points.standard_normal(self.outputs)
        x = points.standard_normal((self.samples, self.features))

        def affine(x: Array) -> Array:
            return np.asarray(x @ W + b)

        return self.regression(x, affine, points, rng)
