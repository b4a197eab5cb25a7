"""Orthonormal columns, or rows where there are fewer."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer


@INITIALIZERS.register("orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """W = gain Q, Q^T Q = I, or Q Q^T = I where W has more columns than rows        W, Q: (D, M)

    Q is drawn evenly from all such matrices, by the QR decomposition of a normal one. An array of more
    axes counts as a matrix of all but the last by the last. Lengths and angles of signals stay as they
    are through any number of linear layers of one width.

    Saxe, McClelland and Ganguli, 2014, Exact solutions to the nonlinear dynamics of learning,
    arXiv:1312.6120.

    gain: multiplies all values; 1 keeps lengths, sqrt(2) makes up for ReLU.
    """

    gain: PositiveFloat = 1.0

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        rows, columns = array.size // array.shape[-1], array.shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(r.diagonal())  # LAPACK chooses the signs; this undoes it, so that Q is evenly drawn
        array[...] = self.gain * (q if rows >= columns else q.T).reshape(array.shape)
