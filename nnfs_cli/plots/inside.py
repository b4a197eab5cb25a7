"""What the pictures of a network's inside are drawn from: its weights and inside.npz."""

import math

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.engine.network import Network
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.network import network_of

LEAST_SIDE = 4


def trained_network(run: RunDirectory) -> Network | None:
    """A run's network with the weights that it saved; None if it saved none."""
    return network_of(run) if run.has("weights.npz") else None


def inside(run: RunDirectory) -> dict[str, Array]:
    """The arrays of inside.npz, and none if a run of an earlier version has no such file."""
    return run.arrays("inside.npz") if run.has("inside.npz") else {}


def image_shape(network: Network, index: int, preparation: Preparation) -> Shape:
    """The shape of the images that the flat inputs of a layer are, and () if they are none.

    Either the rows were images before a flatten, or they are a square number of pixels of one scale.
    """
    size = math.prod(network.shapes[index])
    for shape in reversed(network.shapes[: index + 1]):
        if len(shape) > 1 and math.prod(shape) == size:
            return shape
    side = math.isqrt(size)
    square = side * side == size and side >= LEAST_SIDE
    alike = preparation.ranges is not None and len(preparation.ranges.low) == size
    if index == 0 and square and alike and preparation.ranges and preparation.ranges.are_pixels():
        return side, side
    return ()


def strongest(sizes: Array, most: int) -> Array:
    """The indices of the `most` largest numbers (N,), in rising order."""
    return np.sort(np.argsort(-sizes, kind="stable")[:most])
