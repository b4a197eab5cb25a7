"""A chain of layers, run forward and backward. Networks and residual blocks are chains."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nnfs_cli.core.arena import Arena
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import refuse_result
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.layout import output_array


def build(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Build each layer for the output shape of the layer before it, the first one for `shape`.

    Returns all shapes, without N, from input to output. Raises a ShapeError that names the layer.
    """
    shapes = [shape]
    for i, layer in enumerate(layers):
        try:
            shapes.append(_shape(layer, layer.build(shapes[-1])))
        except ShapeError as error:
            raise ShapeError(f"layers[{i}]: {layer.type_name} {error}") from None
    return shapes


def _shape(layer: Layer, shape: object) -> Shape:
    """What a layer's `build` gave, if it is a shape."""
    if not isinstance(shape, tuple) or not all(isinstance(size, int | np.integer) for size in shape):
        refuse_result(layer, "build", "the shape of a row of y, a tuple of integers", shape)
    return shape


class Chain:
    """Built layers, and an array for each activation and each gradient. Steps reuse these arrays.

    The caller fills x before `forward`, and dy before `backward`.

    x: the input (N, ...).   y: the output.
    dy: the gradient of the loss to y.   dx: the gradient of the loss to x.
    to_input: whether `backward` computes dx, too. Else it stops at the lowest layer with parameters.
    """

    def __init__(self, layers: Sequence[Layer], shapes: Sequence[Shape], x: Array, *, to_input: bool) -> None:
        self._layers, self._to_input = layers, to_input
        self.activations, arena = [x], Arena()
        for layer, shape in zip(layers, shapes[1:], strict=True):
            self.activations.append(output_array(layer, self.activations[-1], shape, arena))
        self.x, self.y = x, self.activations[-1]

    def forward(self) -> None:
        """Compute y from x, layer by layer, as in training."""
        for layer, x, y in self._forward_order:
            layer.forward(x, y)

    def infer(self) -> None:
        """Compute y from x, layer by layer, as in evaluation."""
        for layer, x, y in self._forward_order:
            layer.infer(x, y)

    def backward(self) -> None:
        """Compute all gradients from dy and the activations of `forward`, from the last layer down."""
        for layer, x, y, dy, dx, has_params, needs_dx in self._backward_order:
            if has_params:
                layer.param_grads(x, y, dy)
            if needs_dx:
                layer.input_grad(x, y, dy, dx)

    @cached_property
    def dy(self) -> Array:
        return self.gradients[-1]

    @cached_property
    def dx(self) -> Array:
        return self.gradients[0]

    @cached_property
    def gradients(self) -> list[Array]:
        """A gradient array for each activation. The first training step makes them; evaluation needs none."""
        gradients, arena = [np.zeros_like(self.x)], Arena()
        for layer, y in zip(self._layers, self.activations[1:], strict=True):
            gradients.append(output_array(layer, gradients[-1], y.shape[1:], arena))
        return gradients

    @cached_property
    def _forward_order(self) -> list[tuple[Layer, Array, Array]]:
        """(layer, x, y) of each layer, first to last; without those whose y is a view of x, as flatten."""
        stack = zip(self._layers, self.activations, self.activations[1:], strict=False)
        return [(layer, x, y) for layer, x, y in stack if layer.view(x) is None]

    @cached_property
    def _backward_order(self) -> list[tuple[Layer, Array, Array, Array, Array, bool, bool]]:
        """(layer, x, y, dy, dx, has_params, needs_dx) of the same layers, last to first."""
        trainable = [i for i, layer in enumerate(self._layers) if layer.params()]
        lowest = -1 if self._to_input else min(trainable, default=len(self._layers))
        order = []
        for i in reversed(range(max(lowest, 0), len(self._layers))):
            layer, x, y = self._layers[i], self.activations[i], self.activations[i + 1]
            dx, dy = self.gradients[i], self.gradients[i + 1]
            if layer.view(x) is None:
                order.append((layer, x, y, dy, dx, i in trainable, i > lowest))
        return order
