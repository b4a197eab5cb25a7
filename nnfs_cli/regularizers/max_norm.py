"""A bound on the norm of each unit's weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.core.ranges import PositiveFloat
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("max_norm")
@dataclass(eq=False)
class MaxNorm(Regularizer):
    """w <- w min(1, limit / |w|) after each step        w: a unit's incoming weights, a column of W

    For a convolution w are all weights of a filter. There is no penalty: loss and gradient do not change.

    Srebro and Shraibman, 2005, Rank, trace-norm and max-norm; Hinton, Srivastava, Krizhevsky, Sutskever
    and Salakhutdinov, 2012, Improving neural networks by preventing co-adaptation of feature detectors,
    arXiv:1207.0580.

    limit: the largest Euclidean norm of a unit's incoming weights.
    all_parameters: bound biases and normalization parameters too, each as one w.
    """

    limit: PositiveFloat = 3.0
    all_parameters: bool = False
    formulas: ClassVar[tuple[str, ...]] = ("w = w * min(1, limit / sqrt(sum(w**2)))",)

    def check(self, params: FlatParams) -> None:
        for param in self._bounded(params):
            param.by_unit(param.value)

    def constrain(self, params: FlatParams) -> None:
        for param in self._bounded(params):
            W = param.by_unit(param.value)
            rows = W.reshape(*W.shape[:2], -1)
            norms = np.sqrt(np.einsum("gui,gui->gu", rows, rows))
            if norms.max() > self.limit:
                # the factor is exactly 1 if the norm is within the limit
                factors = self.limit / np.maximum(norms, self.limit)
                W *= factors.reshape(*factors.shape, *(1 for _ in W.shape[2:]))

    def _bounded(self, params: FlatParams) -> list[Param]:
        """The parameters that are bounded: weights, or all."""
        every = params.named.values()
        return [each for each in every if self.all_parameters or (each.decay and len(each.shape) > 1)]
