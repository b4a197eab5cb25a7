"""L2 regularization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import FlatParams
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer


@REGULARIZERS.register("l2")
@dataclass(frozen=True)
class L2(Regularizer):
    """strength / 2 sum of w^2, whose gradient is strength w

    With plain SGD it is the same as weight decay.

    strength: how much.
    all_parameters: penalize biases and normalization parameters too.
    """

    strength: float = 1e-4
    all_parameters: bool = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}, {"all_parameters": True}]

    def __post_init__(self) -> None:
        check_options(self, strength=(self.strength >= 0, "a number of at least 0"))

    def penalty(self, params: FlatParams) -> float:
        w = params.value[self.reach(params)]
        return 0.5 * self.strength * float(np.dot(w, w))

    def add_gradient(self, params: FlatParams) -> None:
        here = self.reach(params)
        params.grad[here] += self.strength * params.value[here]
