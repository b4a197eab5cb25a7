"""A network as plain records, from which the page computes its forward pass."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import is_plugin
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.preparation import Preparation

LARGEST = 5_000_000
"""Bytes of the parameters that a page holds at most."""

Add = Callable[[Array], Any]
"""Puts an array into the page and gives the reference to it."""


def why_not_live(network: Network, loss: Loss) -> str:
    """Why the page cannot compute the forward pass, as a sentence; an empty text if it can."""
    size = sum(array.nbytes for array in network.params.arrays().values())
    if size > LARGEST:
        return (
            f"The network's {network.params.value.size:,} parameters would make this file larger than "
            f"{LARGEST // 10**6} MB, so it does not run here; nnfs predict runs it."
        )
    own = [part for part in (*every_layer(network.layers), loss) if is_plugin(type(part))]
    if own:
        return (
            f"The {own[0].registry.kind} {own[0].type_name} is a plugin's, which only Python can compute, "
            f"so the network does not run here; nnfs predict runs it."
        )
    return ""


def network_record(network: Network, loss: Loss, preparation: Preparation, add: Add) -> dict[str, Any]:
    """The network with its parameters, and how raw rows go in and predictions come out."""
    return {
        "input_shape": list(network.shapes[0]),
        "layers": layer_records(network.layers, add),
        "names": list(network.names),
        "loss": loss.type_name,
        "inputs": _affine(preparation.inputs, add),
        "targets": _affine(preparation.targets, add),
    }


def layer_records(layers: Sequence[Layer], add: Add) -> list[dict[str, Any]]:
    """Built layers, with their options, parameters and statistics, and the layers inside them."""
    return [
        {
            "type": layer.type_name,
            "options": {name: to_plain(option) for name, option in layer.options().items()},
            "arrays": {name: add(array) for name, array in _own_arrays(layer).items()},
            "layers": layer_records(layer.sublayers(), add),
        }
        for layer in layers
    ]


def _own_arrays(layer: Layer) -> Mapping[str, Array]:
    """The layer's parameters and statistics by name, without those of sublayers."""
    params = {name: param.value for name, param in layer.params().items()}
    statistics = {name: statistic.value for name, statistic in layer.statistics().items()}
    return {name: array for name, array in {**params, **statistics}.items() if "/" not in name}


def _affine(affine: Affine, add: Add) -> dict[str, Any]:
    return {"shift": add(np.ravel(affine.shift)), "scale": add(np.ravel(affine.scale))}
