"""How a network's work is cut up: by fixed rules over shapes, so that runs repeat bit for bit."""

import math
from typing import Literal, TypeAlias

from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.losses.base import Loss, adds_up

Wish: TypeAlias = int | Literal["auto"]
"""`training.parts` or `training.threads` of a config."""

WORTH_A_PART = 2**18
"""Numbers that the largest layer of images gives for a batch, for each part that the batch is cut into."""

MOST_PARTS = 2
"""Workers wait for each other at the end of each step, and some in its middle."""

WORTH_A_THREAD = 16_000_000
"""Multiply-adds of one matmul for each thread of BLAS.

Threads that share a small matmul wait for the slowest of them several times in every step. On a free
machine two threads gain from 3 million multiply-adds each; on a busy one, where a core is sometimes
taken away, the same two cost up to ten times the time of one. What is small stays on one.
"""

MOST_THREADS = 2
"""BLAS rounds otherwise with another number of threads: so it must suit small machines, too."""

MOST_ASKED_FOR = 1024
"""No library has so many, and a number that C cannot hold must not get there."""


def parts_of(network: Network, loss: Loss, batch_size: int, wish: Wish = "auto") -> int:
    """Into how many parts the rows of a batch are cut, each for a worker: by a rule, or as asked for.

    Only batches of images: for others, parameters would take longer from core to core than the work.
    """
    if not (network.has_images and adds_up(loss) and all(map(_may_be_cut, every_layer(network.layers)))):
        return 1
    if wish != "auto":
        return min(wish, batch_size)
    largest = batch_size * max(math.prod(shape) for shape in network.shapes if len(shape) == 3)
    return max(min(largest // WORTH_A_PART, MOST_PARTS, batch_size), 1)


def _may_be_cut(layer: Layer) -> bool:
    """Whether a layer can compute some rows of a batch without the others. It is known of shipped ones."""
    is_shipped = type(layer).__module__.startswith("nnfs_cli.layers.")
    return is_shipped and (not layer.mixes_rows or type(layer) is BatchNorm)


def workers_for(parts: int, wish: Wish) -> int:
    """How many processes are to compute the parts: as many as there are cores, or as asked for."""
    return min(parts, usable_cores() if wish == "auto" else wish)


def blas_threads_for(network: Network, batch_size: int, wish: Wish) -> int:
    """How many threads BLAS uses in a step: as many as the largest layer's work is worth, or as asked for."""
    if network.has_images:
        return 1
    if wish != "auto":
        return min(wish, MOST_ASKED_FOR)
    largest = max((param.size for param in network.params.named.values()), default=0)
    return max(min(batch_size * largest // WORTH_A_THREAD, MOST_THREADS), 1)
