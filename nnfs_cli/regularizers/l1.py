"""L1 regularization, which drives weights to zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import FlatParams
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("l1")
@dataclass(frozen=True)
class L1(Regularizer):
    """strength sum of |w|, whose gradient is strength sign(w), with sign(0) = 0

    Tibshirani, 1996, Regression shrinkage and selection via the lasso.

    strength: how much.
    all_parameters: penalize biases and normalization parameters too.
    """

    strength: float = 1e-4
    all_parameters: bool = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"all_parameters": True}]

    def __post_init__(self) -> None:
        check_options(self, strength=(self.strength >= 0, "a number of at least 0"))

    def penalty(self, params: FlatParams) -> float:
        return self.strength * float(np.abs(params.value[self.reach(params)]).sum(dtype=np.float64))

    def add_gradient(self, params: FlatParams) -> None:
        here = self.reach(params)
        params.grad[here] += self.strength * np.sign(params.value[here])
