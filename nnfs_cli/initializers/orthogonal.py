"""Orthonormal columns, or rows where there are fewer."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.initializers.base import INITIALIZERS, Initializer, Uses


@INITIALIZERS.register("orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """W = gain Q, Q^T Q = I, or Q Q^T = I where W has more columns than rows        W, Q: (D, M)

    Q is uniformly distributed over all such matrices; it comes from the QR decomposition of a normal matrix.
    A column holds the incoming weights of a unit, all C kh kw of a filter, as in PyTorch. Linear layers of
    the same width then keep lengths and angles of signals. If a layer has groups and more filters than
    weights in each, every group has a matrix of its own.

    Saxe, McClelland and Ganguli, 2014, Exact solutions to the nonlinear dynamics of learning,
    arXiv:1312.6120.

    gain: multiplies all values. 1 keeps lengths; sqrt(2) compensates for ReLU.
    """

    gain: PositiveFloat = 1.0
    uses: ClassVar[Uses] = "matrix"

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        rows, columns = array.size // array.shape[-1], array.shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(r.diagonal())  # undo LAPACK's choice of signs, so that Q is uniform
        array[...] = self.gain * (q if rows >= columns else q.T).reshape(array.shape)
