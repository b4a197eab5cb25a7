"""The numbers of parts and workers. Parts follow from shapes alone, so that runs repeat bit for bit."""

import math
from typing import Literal, TypeAlias

from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.dense import Dense
from nnfs_cli.losses.base import Loss, adds_up

IntOrAuto: TypeAlias = int | Literal["auto"]
"""The option `training.parts` or `training.threads`."""

WORTH_A_PART = 2**18
"""The size per part of a batch's largest image activation: a larger batch is cut into more parts."""

MOST_PARTS = 2
"""With more parts, workers wait for each other too long: at the end of each step, or within it."""

WORTH_CUTTING = 2**25
"""Multiply-adds from which on a dense layer's product is cut into parts. A smaller one takes less than ten
times as long as to wake a thread.
"""

WORKERS_PER_CORE = 4
"""More would only wait for each other, and a machine does not bear thousands."""

MOST_ASKED_FOR = 64
"""Hundreds of threads would take a machine's memory."""


def parts_of(network: Network, loss: Loss, batch_size: int, option: IntOrAuto = "auto") -> int:
    """The number of parts that a step's work is cut into: by a rule over shapes, or as the option says.

    With images it is a batch's rows that are cut. In other networks it would take longer to send the
    parameters from core to core than to compute; there the large products of dense layers are cut.
    """
    if not network.has_images:
        dense = (layer for layer in every_layer(network.layers) if type(layer) is Dense)
        if not any(batch_size * layer.W.size >= WORTH_CUTTING for layer in dense):
            return 1
        return MOST_PARTS if option == "auto" else min(option, MOST_ASKED_FOR)
    if not (adds_up(loss) and all(map(_may_be_cut, every_layer(network.layers)))):
        return 1
    if option != "auto":
        return min(option, batch_size)
    largest = batch_size * max(math.prod(shape) for shape in network.shapes if len(shape) == 3)
    return max(min(largest // WORTH_A_PART, MOST_PARTS, batch_size), 1)


def _may_be_cut(layer: Layer) -> bool:
    """Whether a layer can compute a part of a batch. Only for shipped layers this is known."""
    is_shipped = type(layer).__module__.startswith("nnfs_cli.layers.")
    return is_shipped and (not layer.mixes_rows or type(layer) is BatchNorm)


def workers_for(parts: int, option: IntOrAuto) -> int:
    """The number of workers that compute the parts: as many as cores, or about as the option says."""
    return min(parts, usable_cores() if option == "auto" else min(option, WORKERS_PER_CORE * usable_cores()))
