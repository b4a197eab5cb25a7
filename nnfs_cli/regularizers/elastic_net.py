"""L1 and L2 regularization together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("elastic_net")
@dataclass(eq=False)
class ElasticNet(Regularizer):
    """penalty = l1 sum of |w| + l2 / 2 sum of w^2        w: all weights

    dw = l1 sign(w) + l2 w, with sign(0) = 0

    Zou and Hastie, 2005, Regularization and variable selection via the elastic net.

    l1: how much the sum of absolute weights costs; 0 for nothing.
    l2: how much half the sum of squared weights costs; 0 for nothing.
    all_parameters: penalize biases and normalization parameters too.
    """

    l1: NonNegativeFloat = 1e-4
    l2: NonNegativeFloat = 1e-4
    all_parameters: bool = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"all_parameters": True}]
    formulas: ClassVar[tuple[str, ...]] = (
        "penalty = l1 * sum(abs(w)) + l2 / 2 * sum(w**2)",
        "dw = l1 * sign(w) + l2 * w",
    )

    def penalty(self, params: FlatParams) -> float:
        w = params.value[self.reach(params)]
        s = self.scratch(w)
        sizes = float(np.sum(np.abs(w, out=s), dtype=np.float64))
        squares = float(np.sum(np.multiply(w, w, out=s), dtype=np.float64))
        return self.l1 * sizes + 0.5 * self.l2 * squares

    def add_gradient(self, params: FlatParams) -> None:
        here = self.reach(params)
        w, g = params.value[here], params.grad[here]
        s = self.scratch(w)
        np.sign(w, out=s)
        s *= self.l1
        g += s
        g += np.multiply(w, self.l2, out=s)
