"""A bound on the norm of each unit's weights."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("max_norm")
@dataclass(eq=False)
class MaxNorm(Regularizer):
    """w <- w min(1, limit / |w|) after each step        w: a unit's incoming weights, a column of W

    A column runs over all axes but the last. There is no penalty: loss and gradient do not change.

    Srebro and Shraibman, 2005, Rank, trace-norm and max-norm; Hinton, Srivastava, Krizhevsky, Sutskever
    and Salakhutdinov, 2012, Improving neural networks by preventing co-adaptation of feature detectors,
    arXiv:1207.0580.

    limit: the largest Euclidean norm of a column.
    all_parameters: bound biases and normalization parameters too, each vector as one column.
    """

    limit: PositiveFloat = 3.0
    all_parameters: bool = False

    def constrain(self, params: FlatParams) -> None:
        for param in params.named.values():
            is_matrix = len(param.shape) > 1
            if self.all_parameters or (param.decay and is_matrix):
                W = param.value.reshape(-1, param.shape[-1] if is_matrix else 1)
                norms = np.sqrt(np.einsum("ij,ij->j", W, W))
                if norms.max() > self.limit:
                    W *= self.limit / np.maximum(
                        norms, self.limit
                    )  # the factor is exactly 1 if the norm is within the limit
