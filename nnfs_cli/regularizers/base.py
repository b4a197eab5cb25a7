"""The base class and registry of regularizers."""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import FlatParams


class Regularizer(Component, ABC):
    """A penalty on parameters, a constraint on them, or both.

    Every regularizer has an option `all_parameters`: false leaves out biases and the parameters of
    normalization layers (those with `decay` false).

    examples: options that the gradient check and the tests try.
    """

    registry: ClassVar[Registry["Regularizer"]]
    _scratch: Array | None = None
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}]
    all_parameters: bool

    def check(self, params: FlatParams) -> None:
        """Raise NnfsError if these parameters cannot be regularized."""
        return

    def penalty(self, params: FlatParams) -> float:
        """The penalty that is added to the loss, summed in float64."""
        return 0.0

    def add_gradient(self, params: FlatParams) -> None:
        """Add the penalty's gradient to params.grad, in place."""
        return

    def constrain(self, params: FlatParams) -> None:
        """After a step, change params.value in place so that it keeps the constraint."""
        return

    def formula_values(self, params: FlatParams) -> dict[str, Any]:
        """The values of names in formulas: options, and w, the parameters that are regularized."""
        return {**self.options(), "w": params.value[self.reach(params)].copy()}

    def reach(self, params: FlatParams) -> slice:
        """The slice of the flat vectors that is regularized."""
        return slice(None) if self.all_parameters else params.decayed

    def scratch(self, w: Array) -> Array:
        """An array of w's shape and type for intermediate results, the same at each call."""
        if self._scratch is None or (self._scratch.shape, self._scratch.dtype) != (w.shape, w.dtype):
            self._scratch = np.empty_like(w)
        return self._scratch


REGULARIZERS: Registry[Regularizer] = Registry("regularizer", __package__)
Regularizer.registry = REGULARIZERS
