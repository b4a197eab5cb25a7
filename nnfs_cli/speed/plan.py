"""The numbers of parts, workers and BLAS threads. Rules over shapes alone make runs repeat bit for bit."""

import math
from typing import Literal, TypeAlias

from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.losses.base import Loss, adds_up

IntOrAuto: TypeAlias = int | Literal["auto"]
"""The option `training.parts` or `training.threads`."""

WORTH_A_PART = 2**18
"""The size per part of a batch's largest image activation: a larger batch is cut into more parts."""

MOST_PARTS = 2
"""With more parts, workers wait for each other too long: at the end of each step, or within it."""

WORTH_A_BLAS_THREAD = 16_000_000
"""Multiply-adds of the largest product per thread of BLAS.

Threads that share a product wait for the slowest of them, several times in each step. On an idle machine
two threads are faster from 3 million multiply-adds each. On a busy machine a core is sometimes taken away:
there two threads may take ten times as long as one. So small products use one thread.
"""

MOST_BLAS_THREADS = 2
"""BLAS rounds differently with another number of threads. So the number must suit small machines too."""

WORKERS_PER_CORE = 4
"""More would only wait for each other, and a machine does not bear thousands."""

MOST_ASKED_FOR = 64
"""The OpenBLAS that comes with NumPy has no more, and hundreds of threads would take a machine's memory."""


def parts_of(network: Network, loss: Loss, batch_size: int, option: IntOrAuto = "auto") -> int:
    """The number of parts that a batch's rows are cut into: by a rule over shapes, or as the option says.

    Only batches of images are cut. In other networks it takes longer to send the parameters from core to
    core than to compute.
    """
    if not (network.has_images and adds_up(loss) and all(map(_may_be_cut, every_layer(network.layers)))):
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
    """The number of processes that compute the parts: as many as cores, or about as the option says."""
    return min(parts, usable_cores() if option == "auto" else min(option, WORKERS_PER_CORE * usable_cores()))


def blas_threads_for(network: Network, batch_size: int, option: IntOrAuto) -> int:
    """The number of BLAS threads in a step: by the largest layer's size, or as the option says."""
    if network.has_images:
        return 1
    if option != "auto":
        return min(option, MOST_ASKED_FOR)
    largest = max((param.size for param in network.params.named.values()), default=0)
    return max(min(batch_size * largest // WORTH_A_BLAS_THREAD, MOST_BLAS_THREADS), 1)
