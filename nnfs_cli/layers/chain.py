"""A chain of built layers with all its activations and gradients: what networks and nested layers run on."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nnfs_cli.core.arena import Arena
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.layout import room_for_output


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


class Chain:
    """Built layers on one input array x (N, ...), which the caller fills.

    All other arrays are made here, once: a step only writes into them.

    y: the output.   dy: the gradient of the loss to y, for the caller to fill.   dx: the gradient to x.

    With `to_input`, backward goes on down to dx. Without, it stops at the lowest trainable layer: no layer
    below it needs a gradient.
    """

    def __init__(self, layers: Sequence[Layer], shapes: Sequence[Shape], x: Array, *, to_input: bool) -> None:
        self._layers, self._to_input = layers, to_input
        self.activations, arena = [x], Arena()
        for layer, shape in zip(layers, shapes[1:], strict=True):
            self.activations.append(room_for_output(layer, self.activations[-1], shape, arena))
        self.x, self.y = x, self.activations[-1]

    def forward(self) -> None:
        """y from x, layer by layer, as training computes it."""
        for layer, x, y in self._computing:
            layer.forward(x, y)

    def infer(self) -> None:
        """y from x, layer by layer, as evaluation computes it."""
        for layer, x, y in self._computing:
            layer.infer(x, y)

    def backward(self) -> None:
        """Every parameter's gradient, from dy and the activations of `forward`, from the last layer down."""
        for layer, x, y, dy, dx, has_params, wants_dx in self._backward:
            if has_params:
                layer.param_grads(x, y, dy)
            if wants_dx:
                layer.input_grad(x, y, dy, dx)

    @cached_property
    def dy(self) -> Array:
        return self.gradients[-1]

    @cached_property
    def dx(self) -> Array:
        return self.gradients[0]

    @cached_property
    def gradients(self) -> list[Array]:
        """One array for each activation, made at the first training step: evaluation needs none."""
        gradients, arena = [np.zeros_like(self.x)], Arena()
        for layer, y in zip(self._layers, self.activations[1:], strict=True):
            gradients.append(room_for_output(layer, gradients[-1], y.shape[1:], arena))
        return gradients

    @cached_property
    def _computing(self) -> list[tuple[Layer, Array, Array]]:
        """The layers that compute something, as (layer, x, y). A layer whose y is a view of x does not."""
        stack = zip(self._layers, self.activations, self.activations[1:], strict=False)
        return [(layer, x, y) for layer, x, y in stack if layer.view(x) is None]

    @cached_property
    def _backward(self) -> list[tuple[Layer, Array, Array, Array, Array, bool, bool]]:
        """The way back, from the last layer down, as (layer, x, y, dy, dx, has_params, wants_dx)."""
        trainable = [i for i, layer in enumerate(self._layers) if layer.params()]
        lowest = -1 if self._to_input else min(trainable, default=len(self._layers))
        way = []
        for i in reversed(range(max(lowest, 0), len(self._layers))):
            layer, x, y = self._layers[i], self.activations[i], self.activations[i + 1]
            dx, dy = self.gradients[i], self.gradients[i + 1]
            if layer.view(x) is None:
                way.append((layer, x, y, dy, dx, i in trainable, i > lowest))
        return way
