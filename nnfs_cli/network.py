"""The network: a stack of built layers, and the workspaces that hold their activations and gradients."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array, FlatParams, Shape
from nnfs_cli.layers.base import Layer, ShapeError

NARROW = 32


class Network:
    """Layers applied one after the other.

    layers: unbuilt layers; the network builds and owns them.
    input_shape: the shape of one row, without N.
    dtype: of every parameter, activation and gradient.
    shapes: what goes into each layer, and last what the network gives, without N.
    names: the layers as weights are filed under, `0_dense`.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape, dtype: npt.DTypeLike) -> None:
        self.layers = tuple(layers)
        self.dtype = np.dtype(dtype)
        self.shapes = [input_shape]
        self.names = [f"{i}_{layer.type_name}" for i, layer in enumerate(self.layers)]
        for i, layer in enumerate(self.layers):
            try:
                self.shapes.append(layer.build(self.shapes[-1]))
            except ShapeError as error:
                raise NnfsError(f"layers[{i}]: {layer.type_name} {error}") from None
        self.params = FlatParams(
            {
                f"{name}/{key}": param
                for name, layer in zip(self.names, self.layers, strict=True)
                for key, param in layer.params().items()
            },
            self.dtype,
        )
        self._workspaces: dict[int, Workspace] = {}

    @property
    def output_shape(self) -> Shape:
        return self.shapes[-1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Give every parameter its first value, in the order of the layers."""
        self.params.initialize(rng)

    def workspace(self, n: int) -> "Workspace":
        """The arrays for batches of n rows; made once and kept."""
        if n not in self._workspaces:
            self._workspaces[n] = Workspace(self, n)
        return self._workspaces[n]


class Workspace:
    """All activations and gradients of one batch size, allocated once: a step only writes into them.

    x: the input (N, ...), for the caller to fill.   y: the output.
    dy: the gradient of the loss to y, for the loss to fill.   dx: the gradient to x.

    `to_input` makes backward go on down to `dx`. Otherwise it stops at the lowest trainable layer,
    since nothing below it asks for a gradient.
    """

    def __init__(self, network: Network, n: int, *, to_input: bool = False) -> None:
        self._layers = network.layers
        self._to_input = to_input
        self._activations = [np.zeros((n, *network.shapes[0]), network.dtype)]
        for layer, shape in zip(network.layers, network.shapes[1:], strict=True):
            self._activations.append(_output(layer, self._activations[-1], shape))
        self.x = self._activations[0]
        self.y = self._activations[-1]
        pairs = list(zip(self._activations, self._activations[1:], strict=False))
        self._forward = [(layer.forward, x, y) for layer, (x, y) in zip(self._layers, pairs, strict=True)]
        self._infer = [(layer.infer, x, y) for layer, (x, y) in zip(self._layers, pairs, strict=True)]

    def forward(self) -> None:
        """y from x, as training computes it."""
        for call, x, y in self._forward:
            call(x, y)

    def infer(self) -> None:
        """y from x, as evaluation computes it."""
        for call, x, y in self._infer:
            call(x, y)

    def backward(self) -> None:
        """Every parameter's gradient, and dx if asked for, from dy and the activations of `forward`."""
        for call, arrays in self._backward:
            call(*arrays)

    @property
    def dy(self) -> Array:
        return self._gradients[-1]

    @property
    def dx(self) -> Array:
        return self._gradients[0]

    @cached_property
    def _gradients(self) -> list[Array]:
        """One array for each activation; made when training first asks, since evaluation never does."""
        gradients = [np.zeros_like(self.x)]
        for layer, y in zip(self._layers, self._activations[1:], strict=True):
            gradients.append(_output(layer, gradients[-1], y.shape[1:]))
        return gradients

    @cached_property
    def _backward(self) -> list[tuple[Callable[..., None], tuple[Array, ...]]]:
        """Backpropagation as a list of calls, from the last layer down."""
        calls: list[tuple[Callable[..., None], tuple[Array, ...]]] = []
        trainable = [i for i, layer in enumerate(self._layers) if layer.params()]
        lowest = -1 if self._to_input else min(trainable, default=len(self._layers))
        for i in reversed(range(max(lowest, 0), len(self._layers))):
            layer, x, y = self._layers[i], self._activations[i], self._activations[i + 1]
            dx, dy = self._gradients[i], self._gradients[i + 1]
            if i in trainable:
                calls.append((layer.param_grads, (x, y, dy)))
            if i > lowest:
                calls.append((layer.input_grad, (x, y, dy, dx)))
        return calls


def _output(layer: Layer, x: Array, shape: Shape) -> Array:
    """Where `layer` writes its output for x: a view of x, or memory of its own."""
    y = layer.view(x)
    return room(len(x), shape, x.dtype) if y is None else y


def room(n: int, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array (n, *shape). Where rows are narrow, they lie innermost in memory.

    Softmax, its loss and sums over a row run along the few numbers of each row: over all rows at
    once they are two to three times as fast. BLAS takes either order as it is.
    """
    if math.prod(shape) < NARROW:
        return np.moveaxis(np.zeros((*shape, n), dtype), -1, 0)
    return np.zeros((n, *shape), dtype)
