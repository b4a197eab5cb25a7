"""The network: its layers, their parameters, and a workspace for each batch size."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import Arena, aligned
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError, ShapeError
from nnfs_cli.core.memory import require_memory
from nnfs_cli.core.params import FlatParams
from nnfs_cli.layers.base import Layer, every_layer, names_of
from nnfs_cli.layers.chain import Chain, build
from nnfs_cli.layers.layout import image_array

EVALUATION_BATCH_SIZE, IMAGE_EVALUATION_BATCH_SIZE = 256, 128
"""Rows per batch in evaluation: of vectors, and of images."""


class Workspace(Chain):
    """A network's chain for batches of n rows, with the input array x."""

    def __init__(self, network: "Network", n: int, *, to_input: bool = False) -> None:
        require_memory(
            network.row_bytes * n,
            f"a batch of {n:,} rows",
            "reduce `training.batch_size`, or make the layers smaller",
        )
        shape, dtype, images = network.shapes[0], network.dtype, network.has_images
        x = image_array(n, shape, dtype, Arena()) if images else aligned((n, *shape), dtype)
        super().__init__(network.layers, network.shapes, x, to_input=to_input)


class Network:
    """Layers applied one after the other.

    layers: layers that are not built yet; the network builds and owns them.
    input_shape: the shape of one input row, without N.
    dtype: the type of every parameter, activation and gradient.
    shapes: the input shape of each layer and then the output shape, all without N.
    names: the layers' names in the weights file: `0_dense`, `1_relu`, ...
    params: all parameters, and all statistics (as batch_norm's running means).
    has_images: whether some layer works on images (N, C, H, W).
    """

    workspace_type: ClassVar[type[Workspace]] = Workspace  # the fast network has another

    def __init__(self, layers: Sequence[Layer], input_shape: Shape, dtype: npt.DTypeLike) -> None:
        self.layers = tuple(layers)
        self.dtype = np.dtype(dtype)
        try:
            self.shapes = build(self.layers, input_shape)
        except ShapeError as error:
            raise NnfsError(str(error)) from None
        self.names = names_of(self.layers)
        stack = list(zip(self.names, self.layers, strict=True))
        self.params = FlatParams(
            {f"{name}/{key}": param for name, layer in stack for key, param in layer.params().items()},
            {f"{name}/{key}": value for name, layer in stack for key, value in layer.statistics().items()},
            self.dtype,
        )
        self.has_images = any(layer.images for layer in every_layer(self.layers))
        self._workspaces: dict[int, Workspace] = {}

    def __repr__(self) -> str:
        inner = ", ".join(layer.type_name for layer in self.layers)
        size = f"{self.params.value.size:,} parameters"
        return f"<Network {self.shapes[0]} -> {inner} -> {self.output_shape}: {size}>"

    def __getstate__(self) -> dict[str, Any]:
        """A copy makes workspaces anew: in these, some arrays are views of others."""
        return {**vars(self), "_workspaces": {}}

    @property
    def evaluation_batch_size(self) -> int:
        """Rows per batch in evaluation. It is fixed, since BLAS may round differently for another size."""
        return IMAGE_EVALUATION_BATCH_SIZE if self.has_images else EVALUATION_BATCH_SIZE

    @property
    def row_bytes(self) -> int:
        """The bytes that a row's activations take, at least; its gradients take as many."""
        own = zip(self.layers, self.shapes[1:], strict=True)
        numbers = sum(layer.row_numbers(shape) for layer, shape in own)
        return self.dtype.itemsize * (math.prod(self.shapes[0]) + numbers)

    @property
    def output_shape(self) -> Shape:
        return self.shapes[-1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw the first value of every parameter, in the order of the layers."""
        self.params.initialize(rng)

    def use_draws(self, draws: Draws) -> None:
        """Give the random numbers `draws` to all layers, as dropout needs them."""
        self.draws = draws
        for layer in self.layers:
            layer.use_draws(draws)

    def workspace(self, n: int) -> Workspace:
        """The workspace for batches of n rows. It is made at the first call and kept."""
        if n not in self._workspaces:
            self._workspaces[n] = self.workspace_type(self, n)
        return self._workspaces[n]


def zero_outputs(network: Network, n: int) -> Array:
    """Zeros (n, M) to write outputs into. A column is contiguous in memory, which makes scoring faster."""
    return np.zeros((*network.output_shape, n), network.dtype).T
