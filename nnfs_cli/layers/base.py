"""The layer's contract and registry: backpropagation's three equations as three methods."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.params import Param, Statistic

T = TypeVar("T")
Example: TypeAlias = tuple[Mapping[str, Any], Shape]


class Layer(Component, ABC):
    """One step of a network, from x (N, ...) to y (N, ...).

    The network owns activations and gradients and hands them in; a layer writes into what it is
    handed. What else of a batch its backward pass needs (a mask, a variance) goes into `scratch`.
    `d` before a name is the gradient of the loss to it.

    examples: configurations that the gradient check and the tests try, as (options, input shape).
    gives_probabilities: y are probabilities, which a loss that takes logits must not be given.
    mixes_rows: a row's y depends on the other rows of its batch in training.
    images: x and y are images (N, C, H, W).
    draws: for layers that draw at random; the network gives all its layers the same.
    """

    registry: ClassVar[Registry["Layer"]]
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({}, (2, 3))]
    gives_probabilities: ClassVar[bool] = False
    mixes_rows: ClassVar[bool] = False
    images: ClassVar[bool] = False
    draws: Draws

    def build(self, shape: Shape) -> Shape:
        """Create the parameters for inputs of `shape` (without N) and return the outputs' shape.

        Raises ShapeError where the layer cannot take that shape.
        """
        return shape

    def sublayers(self) -> Sequence["Layer"]:
        """The layers that this one is made of, built, for a layer that holds others."""
        return ()

    def params(self) -> dict[str, Param]:
        """The trainable arrays by name, in the order of `build`; sublayers' as `0_dense/W`."""
        return {**_own(self, Param), **_nested(self.sublayers(), Layer.params)}

    def statistics(self) -> dict[str, Statistic]:
        """The arrays that training gathers but does not train, named likewise."""
        return {**_own(self, Statistic), **_nested(self.sublayers(), Layer.statistics)}

    def use_draws(self, draws: Draws) -> None:
        """Draw from `draws` from now on, sublayers too."""
        self.draws = draws
        for layer in self.sublayers():
            layer.use_draws(draws)

    @property
    def rng(self) -> np.random.Generator:
        """A generator to draw from at random; every step of training finds it where its number says."""
        return self.draws.rng

    def scratch(self, name: str, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array to keep between forward and backward: made at first need, then the same each time."""
        key = (name, shape, np.dtype(dtype))
        if key not in self._scratch:
            self._scratch[key] = np.empty(shape, dtype)
        return self._scratch[key]

    def scratch_like(self, name: str, x: Array, dtype: npt.DTypeLike | None = None) -> Array:
        """As scratch, in x's shape and, unless told another, type, and lying in memory as x does.

        An element-wise operation on two arrays of different memory order takes ten times as long.
        """
        key = (name, x.shape, x.strides, np.dtype(dtype or x.dtype))
        if key not in self._scratch:
            self._scratch[key] = np.empty_like(x, dtype)
        return self._scratch[key]

    @cached_property
    def _scratch(self) -> dict[tuple[object, ...], Array]:
        return {}

    def view(self, x: Array) -> Array | None:
        """y as a view of x's memory, for a layer that only relabels; then `forward` has nothing to do."""
        return None

    @abstractmethod
    def forward(self, x: Array, y: Array) -> None:
        """Write the output for x into y, as training needs it."""

    def infer(self, x: Array, y: Array) -> None:
        """Write the output for x into y, as evaluation needs it: from x, parameters and statistics alone.

        Several threads may answer for different rows, in any order, each with a layer of its own.
        """
        self.forward(x, y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        """Write the loss's gradient to each parameter into its `grad`."""
        return

    @abstractmethod
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """Write the loss's gradient to x into dx. Called after `param_grads`; must not change x, y or dy."""


LAYERS: Registry[Layer] = Registry("layer", __package__)
Layer.registry = LAYERS


def every_layer(layers: Sequence[Layer]) -> Iterator[Layer]:
    """The layers and, after each, those that it is made of."""
    for layer in layers:
        yield layer
        yield from every_layer(layer.sublayers())


def last_of(layers: Sequence[Layer]) -> int:
    """Where the last layer stands that computes something: behind it are but relabelings, as flatten."""
    computing = [i for i, layer in enumerate(layers) if type(layer).view is Layer.view]
    return computing[-1] if computing else len(layers) - 1


def names_of(layers: Sequence[Layer]) -> list[str]:
    """What the arrays of stacked layers are filed under: `0_dense`, `1_relu`, ..."""
    return [f"{i}_{layer.type_name}" for i, layer in enumerate(layers)]


def _own(layer: Layer, kind: type[T]) -> dict[str, T]:
    return {name: value for name, value in vars(layer).items() if isinstance(value, kind)}


def _nested(layers: Sequence[Layer], arrays: Callable[[Layer], Mapping[str, T]]) -> dict[str, T]:
    """The arrays of stacked layers, each name behind its layer's."""
    stack = zip(names_of(layers), layers, strict=True)
    return {f"{name}/{key}": array for name, layer in stack for key, array in arrays(layer).items()}
