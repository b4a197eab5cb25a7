"""L2 regularization, which keeps weights small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("l2")
@dataclass(eq=False)
class L2(Regularizer):
    """penalty = strength / 2 sum of w^2        w: all weights

    dw = strength w

    An optimizer's coupled `weight_decay` does the same after gradient clipping, and reports no penalty.

    strength: the factor of the penalty; Keras, whose penalty has no 1/2, takes half of this number.
    all_parameters: penalize biases and normalization parameters too.
    """

    strength: NonNegativeFloat = 1e-4
    all_parameters: bool = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"all_parameters": True}]
    formulas: ClassVar[tuple[str, ...]] = (
        "penalty = strength / 2 * sum(w**2)",
        "dw = strength * w",
    )

    def penalty(self, params: FlatParams) -> float:
        w = params.value[self.reach(params)]
        return 0.5 * self.strength * float(np.sum(np.multiply(w, w, out=self.scratch(w)), dtype=np.float64))

    def add_gradient(self, params: FlatParams) -> None:
        here = self.reach(params)
        w, g = params.value[here], params.grad[here]
        g += np.multiply(w, self.strength, out=self.scratch(w))
