"""The layer's contract and registry: backpropagation's three equations as three methods."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array, Param, Shape

Example: TypeAlias = tuple[Mapping[str, Any], Shape]


class ShapeError(NnfsError):
    """A layer cannot work on the shape that comes in."""


class Layer(Component, ABC):
    """One step of a network, from x (N, ...) to y (N, ...).

    The network owns every batch-sized array and hands them in; a layer writes into what it is
    handed and keeps nothing of a batch. `d` before a name is the gradient of the loss to it.

    examples: configurations that the gradient check and the tests try, as (options, input shape).
    gives_probabilities: y sums to one over its last axis.
    """

    registry: ClassVar[Registry["Layer"]]
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({}, (2, 3))]
    gives_probabilities: ClassVar[bool] = False

    def build(self, shape: Shape) -> Shape:
        """Create the parameters for inputs of `shape` (without N) and return the outputs' shape.

        Raises ShapeError where the layer cannot take that shape.
        """
        return shape

    def params(self) -> dict[str, Param]:
        """The trainable arrays by name, in the order in which `build` made them."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Param)}

    def view(self, x: Array) -> Array | None:
        """y as a view of x's memory, for a layer that only relabels; then `forward` has nothing to do."""
        return None

    @abstractmethod
    def forward(self, x: Array, y: Array) -> None:
        """Write the output for x into y, as training needs it."""

    def infer(self, x: Array, y: Array) -> None:
        """Write the output for x into y, as evaluation needs it."""
        self.forward(x, y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        """Write the loss's gradient to each parameter into its `grad`."""
        return

    @abstractmethod
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """Write the loss's gradient to x into dx. Called after `param_grads`; must not change dy."""


LAYERS: Registry[Layer] = Registry("layer", __package__)
Layer.registry = LAYERS
