"""The base class and registry of layers: backpropagation's three equations as three methods."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.formula import Formula, completed, stated
from nnfs_cli.core.params import Param, Statistic

T = TypeVar("T")
Range: TypeAlias = tuple[float, float]
"""The ends of an interval that holds all numbers of an array."""
ALL_REALS: Range = (-math.inf, math.inf)
Example: TypeAlias = tuple[Mapping[str, Any], Shape]
"""A layer's options, and the shape of an input row."""


class Layer(Component, ABC):
    """A function from x (N, ...) to y (N, ...), with its gradients.

    The network owns the arrays x, y, dy and dx; a layer's methods write into them. A layer keeps in `scratch`
    what else its backward pass needs, such as a mask. `d` before a name stands for the gradient of the loss
    to it.

    examples: options and input shapes that the gradient check and the tests try.
    gives_probabilities: whether y are probabilities. A loss that expects logits must not get them.
    sums_to_one: whether y, over its last axis, also adds up to 1, as the probabilities of classes do.
    mixes_rows: whether in training a row's y depends on other rows of its batch.
    fewest_rows: the fewest rows of a batch from which something below this layer can learn; `build` sets it.
    images: whether x and y are images (N, C, H, W).
    infer_formulas: the formulas of evaluation, if it differs from training.
    draws: random numbers for layers that need them; all layers of a network have the same.
    """

    registry: ClassVar[Registry["Layer"]]
    examples: ClassVar[Sequence[Example]] = [({}, (5,)), ({}, (2, 3))]
    gives_probabilities: ClassVar[bool] = False
    sums_to_one: ClassVar[bool] = False
    mixes_rows: ClassVar[bool] = False
    images: ClassVar[bool] = False
    infer_formulas: ClassVar[tuple[str, ...]] = ()
    fewest_rows = 1
    draws: Draws

    def build(self, shape: Shape) -> Shape:
        """Create the parameters for input rows of `shape`, and return the shape of output rows.

        Raises ShapeError if the layer cannot take that shape.
        """
        return shape

    def sublayers(self) -> Sequence["Layer"]:
        """The built layers inside this layer; most layers have none."""
        return ()

    def params(self) -> dict[str, Param]:
        """The parameters by name, in the order of `build`; those of sublayers as `0_dense/W`."""
        return {**_own(self, Param), **_nested(self.sublayers(), Layer.params)}

    def statistics(self) -> dict[str, Statistic]:
        """The statistics, such as running means, by name."""
        return {**_own(self, Statistic), **_nested(self.sublayers(), Layer.statistics)}

    def use_draws(self, draws: Draws) -> None:
        """Use these random numbers from now on, in sublayers too."""
        self.draws = draws
        for layer in self.sublayers():
            layer.use_draws(draws)

    def equations(self) -> tuple[Formula, ...]:
        """The formulas of training for these options, forward and then backward; not those of sublayers.

        What a layer does not state is given in general terms, `y = my_layer(x, W)`, once it is built.
        """
        return completed(super().equations(), self.type_name, _own(self, Param))

    def infer_equations(self) -> tuple[Formula, ...]:
        """The formulas of evaluation, which has no gradients."""
        own = stated(self.infer_formulas, self.options())
        return own or tuple(itertools.takewhile(lambda each: not each.gradient_of, self.equations()))

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        """After `forward`, the values of names in formulas, but for x, y, dy and what formulas define.

        They are options, parameters and statistics by their names, N, and what the layer drew.
        """
        params = {name: each.value for name, each in _own(self, Param).items()}
        statistics = {name: each.value for name, each in _own(self, Statistic).items()}
        return {**self.options(), "N": len(x), **params, **statistics}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        """The multiplications, each with an addition, of a row's forward pass from shape x to shape y.

        Counted are products with weights and sums over windows; what is done to each number alone is not.
        `param_grads` takes as many, and so does `input_grad`.
        """
        return 0

    def row_numbers(self, y: Shape) -> int:
        """How many numbers the network keeps of a row's activations here, y's with its shape among them."""
        return math.prod(y) if type(self).view is Layer.view else 0

    @property
    def rng(self) -> np.random.Generator:
        """A random generator. Its state at the start of a step depends on the step's number alone."""
        return self.draws.rng

    def scratch(self, name: str, shape: Shape, dtype: npt.DTypeLike) -> Array:
        """An array that keeps values from forward to backward: the same at each call with these arguments."""
        key = (name, shape, np.dtype(dtype))
        if key not in self._scratch:
            self._scratch[key] = np.empty(shape, dtype)
        return self._scratch[key]

    def scratch_like(self, name: str, x: Array, dtype: npt.DTypeLike | None = None) -> Array:
        """As `scratch`, with x's shape and memory order, and its dtype unless another is given.

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
        """y as a view of x, for layers that only reshape; `forward` is then not called. None for others."""
        return None

    def output_range(self, x: Range) -> Range:
        """The interval of y in evaluation, for x in an interval; all reals where nothing smaller is known."""
        return ALL_REALS

    @abstractmethod
    def forward(self, x: Array, y: Array) -> None:
        """Write the output for x into y, in training."""

    def infer(self, x: Array, y: Array) -> None:
        """Write the output for x into y, in evaluation. It depends on x, parameters and statistics alone.

        Several threads may compute different rows in any order, each with a layer of its own.
        """
        self.forward(x, y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        """Write the loss's gradient to each parameter into its `grad`."""
        return

    @abstractmethod
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """Write the loss's gradient to x into dx. Called after `param_grads`. Must not change x, y or dy."""


LAYERS: Registry[Layer] = Registry("layer", __package__)
Layer.registry = LAYERS


def every_layer(layers: Sequence[Layer]) -> Iterator[Layer]:
    """All layers; after each layer come its sublayers."""
    for layer in layers:
        yield layer
        yield from every_layer(layer.sublayers())


def output_range(layers: Sequence[Layer], x: Range = ALL_REALS) -> Range:
    """The interval of the last layer's y in evaluation, for x in an interval."""
    for layer in layers:
        x = layer.output_range(x)
    return x


def names_of(layers: Sequence[Layer]) -> list[str]:
    """The layers' names, which begin their parameters' names: `0_dense`, `1_relu`, ..."""
    return [f"{i}_{layer.type_name}" for i, layer in enumerate(layers)]


def _own(layer: Layer, kind: type[T]) -> dict[str, T]:
    return {name: value for name, value in vars(layer).items() if isinstance(value, kind)}


def _nested(layers: Sequence[Layer], arrays: Callable[[Layer], Mapping[str, T]]) -> dict[str, T]:
    """The arrays of several layers by name, such as `0_dense/W`."""
    stack = zip(names_of(layers), layers, strict=True)
    return {f"{name}/{key}": array for name, layer in stack for key, array in arrays(layer).items()}
