"""Xavier (Glorot) initialization, uniform."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("xavier_uniform")
@dataclass(frozen=True)
class XavierUniform(Initializer):
    """w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)): keeps the variance of activations and gradients.

    Glorot and Bengio, 2010, Understanding the difficulty of training deep feedforward neural networks.
    """

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        array[...] = rng.uniform(-limit, limit, array.shape)
