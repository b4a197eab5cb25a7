"""A chain of built layers with all its activations and gradients: what networks and nested layers run on."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import Arena, aligned
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.layers.base import Call, Layer, prepare

NARROW = 32


def build(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Build each layer on what the one before it gives; all shapes, from the input's to the output's.

    Raises ShapeError that says which layer cannot take what.
    """
    shapes = [shape]
    for i, layer in enumerate(layers):
        try:
            shapes.append(layer.build(shapes[-1]))
        except ShapeError as error:
            raise ShapeError(f"layers[{i}]: {layer.type_name} {error}") from None
    return shapes


def maximum_first(layers: Sequence[Layer], shapes: Sequence[Shape]) -> tuple[list[Layer], list[Shape]]:
    """The layers in the order of the work, and what goes into each and out of the last.

    The largest of relu(x) is relu of the largest x: taken first, it leaves less for relu to do. What
    such a pair gives, and its gradients, are the same; only what lies between them is another.
    """
    order, between = list(layers), list(shapes)
    for i in range(len(order) - 1):
        if order[i].is_monotone and order[i + 1].takes_maximum:
            order[i], order[i + 1] = order[i + 1], order[i]
            between[i + 1] = between[i + 2]
    return order, between


class Chain:
    """Built layers on one input array x (N, ...), which stays the caller's to fill.

    All other arrays are allocated here, once: a step only writes into them. The layers' work on them is a
    list of calls (`prepare`), which ends when parameters move to other arrays.

    y: the output.   dy: the gradient of the loss to y, for the caller to fill.   dx: the gradient to x.

    `to_input` makes backward go on down to `dx`. Otherwise it stops at the lowest trainable layer,
    since nothing below it asks for a gradient.
    """

    def __init__(self, layers: Sequence[Layer], shapes: Sequence[Shape], x: Array, *, to_input: bool) -> None:
        self._layers = layers
        self._to_input = to_input
        self._activations, arena = [x], Arena()
        for layer, shape in zip(layers, shapes[1:], strict=True):
            self._activations.append(_output(layer, self._activations[-1], shape, arena))
        self.x, self.y = x, self._activations[-1]
        stack = list(zip(layers, self._activations, self._activations[1:], strict=False))
        self._forward = [call for layer, x, y in stack for call in prepare(layer.forward, x, y)]
        self._infer = [call for layer, x, y in stack for call in prepare(_inference(layer), x, y)]

    def forward(self) -> None:
        """y from x, as training computes it."""
        for call in self._forward:
            call()

    def infer(self) -> None:
        """y from x, as evaluation computes it."""
        for call in self._infer:
            call()

    def backward(self) -> None:
        """Every parameter's gradient, and dx if asked for, from dy and the activations of `forward`."""
        for call in self._backward:
            call()

    @property
    def dy(self) -> Array:
        return self.gradients[-1]

    @property
    def dx(self) -> Array:
        return self.gradients[0]

    @cached_property
    def gradients(self) -> list[Array]:
        """One array for each activation; made when training first asks, since evaluation never does."""
        gradients, arena = [np.zeros_like(self.x)], Arena()
        for layer, y in zip(self._layers, self._activations[1:], strict=True):
            gradients.append(_output(layer, gradients[-1], y.shape[1:], arena))
        return gradients

    @cached_property
    def _backward(self) -> list[Call]:
        """Backpropagation as a list of calls, from the last layer down."""
        calls: list[Call] = []
        trainable = [i for i, layer in enumerate(self._layers) if layer.params()]
        lowest = -1 if self._to_input else min(trainable, default=len(self._layers))
        for i in reversed(range(max(lowest, 0), len(self._layers))):
            layer, x, y = self._layers[i], self._activations[i], self._activations[i + 1]
            dx, dy = self.gradients[i], self.gradients[i + 1]
            if i in trainable:
                calls += prepare(layer.param_grads, x, y, dy)
            if i > lowest:
                calls += prepare(layer.input_grad, x, y, dy, dx)
        return calls


def _inference(layer: Layer) -> Callable[..., None]:
    """What a layer does in evaluation: what it does in training, unless it says otherwise."""
    return layer.forward if type(layer).infer is Layer.infer else layer.infer


def _output(layer: Layer, x: Array, shape: Shape, arena: Arena) -> Array:
    """Where `layer` writes its output for x: a view of x, or memory of its own.

    Images, and what element-wise layers make of them, flattened too, stay batch innermost: arithmetic
    on two arrays of different order takes ten times as long.
    """
    y = layer.view(x)
    if y is not None:
        return y
    as_x = _is_batch_innermost(x) and (len(shape) == 3 or shape == x.shape[1:])
    if as_x or (len(shape) == 3 and layer.images):
        return room_for_images(len(x), shape, x.dtype, arena)
    return room(len(x), shape, x.dtype)


def room(n: int, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array (n, *shape). Where rows are narrow, n lies innermost in memory.

    Softmax, its loss and sums over a row run along the few numbers of each row: over all rows at
    once they are two to three times as fast. BLAS takes either order as it is.
    """
    if math.prod(shape) < NARROW:
        return np.moveaxis(aligned((*shape, n), dtype), -1, 0)
    return aligned((n, *shape), dtype)


def room_for_images(n: int, shape: Shape, dtype: npt.DTypeLike, arena: Arena) -> Array:
    """An array (n, *shape) with n innermost in memory."""
    return np.moveaxis(arena.zeros((*shape, n), dtype), -1, 0)


def _is_batch_innermost(x: Array) -> bool:
    return x.strides[0] == x.itemsize and not x.flags.c_contiguous


def every_layer(layers: Sequence[Layer]) -> Iterator[Layer]:
    """The layers and, after each, those that it is made of."""
    for layer in layers:
        yield layer
        yield from every_layer(layer.sublayers())
