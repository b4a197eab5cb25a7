"""Saliency: how an output changes with each input, in evaluation."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.dropout import Dropout
from nnfs_cli.layers.dropout2d import Dropout2D
from nnfs_cli.layers.gaussian_noise import GaussianNoise


@dataclass(frozen=True, eq=False)
class Saliency:
    """Some rows taken through a network as in evaluation, in float64.

    activations: the input of each layer and then the network's output, each (N, ...).
    gradients: of one output of each row to the row's inputs, (N, ...); None if they are not known.
    """

    activations: Sequence[Array]
    gradients: Array | None


def saliency(
    layers: Sequence[Layer], arrays: Mapping[str, Array], x: Array, chosen: Array | None = None
) -> Saliency:
    """dz[n, k_n] / dx[n] for normalized inputs x (N, ...) of a network of these layers and parameters.

    chosen: k (N,), the output of each row; by default the largest, which is the predicted class.

    Simonyan, Vedaldi and Zisserman, 2013, Deep inside convolutional networks, arXiv:1312.6034.
    """
    network = evaluated(layers, x.shape[1:], arrays)
    workspace = Workspace(network, len(x), to_input=True)
    workspace.x[...] = x
    workspace.infer()
    activations = [y.copy() for y in workspace.activations]
    z = activations[-1]
    workspace.forward()
    if not np.allclose(workspace.y, z, rtol=1e-9, atol=1e-12):
        return Saliency(activations, None)  # some layer has another equation in training
    k = z.argmax(axis=1) if chosen is None else chosen
    workspace.dy[...] = 0.0
    workspace.dy[np.arange(len(x)), k] = 1.0
    workspace.backward()
    return Saliency(activations, workspace.dx.copy())


def evaluated(layers: Sequence[Layer], shape: Shape, arrays: Mapping[str, Array]) -> Network:
    """A network that computes in training what it does in evaluation, so that its gradients are those of it.

    It has no noise, and batch_norm takes the running averages.
    """
    network = Network(copy.deepcopy(tuple(layers)), shape, "float64")
    network.params.load(arrays, "weights")
    network.use_draws(Draws(0))
    for layer in every_layer(network.layers):
        if isinstance(layer, BatchNorm):
            layer.frozen = True
        elif isinstance(layer, Dropout | Dropout2D):
            layer.rate = 0.0
        elif isinstance(layer, GaussianNoise):
            layer.stddev = 0.0
    return network
