"""The network: a stack of built layers, and for each batch size the workspace it runs in."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import Arena, aligned
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError, ShapeError
from nnfs_cli.core.params import FlatParams
from nnfs_cli.layers.base import Layer, every_layer, names_of
from nnfs_cli.layers.chain import Chain, build
from nnfs_cli.layers.layout import room_for_images

ROWS_AT_A_TIME, IMAGES_AT_A_TIME = 256, 128


class Workspace(Chain):
    """A network's chain for batches of n rows, with an input array of its own for the caller to fill."""

    def __init__(self, network: "Network", n: int, *, to_input: bool = False) -> None:
        shape, dtype, images = network.shapes[0], network.dtype, network.has_images
        x = room_for_images(n, shape, dtype, Arena()) if images else aligned((n, *shape), dtype)
        super().__init__(network.layers, network.shapes, x, to_input=to_input)


class Network:
    """Layers applied one after the other.

    layers: unbuilt layers; the network builds and owns them.
    input_shape: the shape of one row, without N.
    dtype: of every parameter, activation and gradient.
    shapes: what goes into each layer, and last what the network gives, without N.
    names: the layers as weights are filed under, `0_dense`.
    has_images: whether images (N, C, H, W) are in it.
    """

    workspace_type: ClassVar[type[Workspace]] = Workspace

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

    def __getstate__(self) -> dict[str, Any]:
        """A copy makes workspaces anew: in these, some arrays are views of others."""
        return {**vars(self), "_workspaces": {}}

    @property
    def rows_at_a_time(self) -> int:
        """How many rows evaluation computes together: always as many, since BLAS may round differently."""
        return IMAGES_AT_A_TIME if self.has_images else ROWS_AT_A_TIME

    @property
    def output_shape(self) -> Shape:
        return self.shapes[-1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Give every parameter its first value, in the order of the layers."""
        self.params.initialize(rng)

    def use_draws(self, draws: Draws) -> None:
        """Let the layers that draw at random draw from `draws`."""
        self.draws = draws
        for layer in self.layers:
            layer.use_draws(draws)

    def workspace(self, n: int) -> Workspace:
        """The arrays for batches of n rows; made once and kept."""
        if n not in self._workspaces:
            self._workspaces[n] = self.workspace_type(self, n)
        return self._workspaces[n]


def room_for_outputs(network: Network, n: int) -> Array:
    """Zeros (n, M) with the rows innermost in memory: scores over a row's few outputs run faster on it."""
    return np.zeros((*network.output_shape, n), network.dtype).T
