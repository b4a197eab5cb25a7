"""Orthogonal columns, or rows where there are fewer."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """W = gain Q, Q from the QR decomposition of a normal matrix: W^T W = gain^2 I, or W W^T where W is wide

    An array of more axes counts as a matrix of all but the last by the last.

    Saxe, McClelland and Ganguli, 2014, Exact solutions to the nonlinear dynamics of learning,
    arXiv:1312.6120.

    gain: multiplies all values, 1 to keep lengths.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_options(self, gain=(self.gain > 0, "a positive number"))

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        rows, columns = array.size // array.shape[-1], array.shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(r.diagonal())  # makes Q uniform over all orthogonal matrices
        array[...] = self.gain * (q if rows >= columns else q.T).reshape(array.shape)
