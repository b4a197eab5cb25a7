"""L1 regularization, which drives weights to zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("l1")
@dataclass(eq=False)
class L1(Regularizer):
    """penalty = strength sum of |w|        w: all weights

    dw = strength sign(w), with sign(0) = 0

    Tibshirani, 1996, Regression shrinkage and selection via the lasso.

    strength: the penalty per unit of |w|.
    all_parameters: penalize biases and normalization parameters too.
    """

    strength: NonNegativeFloat = 1e-4
    all_parameters: bool = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"all_parameters": True}]
    formulas: ClassVar[tuple[str, ...]] = (
        "penalty = strength * sum(abs(w))",
        "dw = strength * sign(w)",
    )

    def penalty(self, params: FlatParams) -> float:
        w = params.value[self.reach(params)]
        return self.strength * float(np.sum(np.abs(w, out=self.scratch(w)), dtype=np.float64))

    def add_gradient(self, params: FlatParams) -> None:
        here = self.reach(params)
        w, g = params.value[here], params.grad[here]
        s = self.scratch(w)
        np.sign(w, out=s)
        s *= self.strength
        g += s
