"""A bound on the norm of every unit's weights."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import FlatParams
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("max_norm")
@dataclass(frozen=True)
class MaxNorm(Regularizer):
    """After each step, every unit's incoming weights, a column of W, are scaled down to norm <= limit

    There is no penalty: the loss stays as it is. A column runs over all axes but the last.

    Srebro, Rennie and Jaakkola, 2005, Maximum-margin matrix factorization; Srivastava et al., 2014,
    Dropout.

    limit: the largest Euclidean norm.
    all_parameters: bound vectors too, biases and slopes, each as one column.
    """

    limit: float = 3.0
    all_parameters: bool = False

    def __post_init__(self) -> None:
        check_options(self, limit=(self.limit > 0, "a positive number"))

    def constrain(self, params: FlatParams) -> None:
        for param in params.named.values():
            if param.decay or self.all_parameters:
                w = param.value
                axes = tuple(range(w.ndim - 1)) or None
                norms = np.sqrt(np.sum(np.square(w), axis=axes, keepdims=True))
                w *= self.limit / np.maximum(norms, self.limit)
