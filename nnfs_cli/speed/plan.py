"""How many threads may work: a fixed rule over shapes, so that runs repeat bit for bit."""

import math
from typing import Literal

from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.engine.network import Network

WORTH_A_THREAD = 16_000_000
"""Multiply-adds of one matmul for each thread.

Threads that share a small matmul wait for the slowest of them several times in every step. On a free
machine two threads gain from 3 million multiply-adds each; on a busy one, where a core is sometimes
taken away, the same two cost up to ten times the time of one. What is small stays on one.
"""

WORTH_A_SHARE = 3_000_000
"""The same for each process that keeps some of a dense network's features.

They wait for each other, too, but sleep where that takes long: on a busy machine two take two to three
times as long as one.
"""

IMAGES_WORTH_A_THREAD = 2**18
"""Numbers that a layer of images gives for a batch, for each process that shares out its work."""


def choose_threads(
    network: Network, batch_size: int, wish: int | Literal["auto"], *, by_features: bool = False
) -> int:
    """`wish`, or by the rule: as many as the largest layer's work is worth, up to the cores.

    by_features: they are processes that share out features.
    """
    if wish != "auto":
        return wish
    if network.has_images:
        largest = batch_size * max(math.prod(shape) for shape in network.shapes if len(shape) == 3)
        worth = largest // IMAGES_WORTH_A_THREAD
    else:
        largest = max((param.size for param in network.params.named.values()), default=0)
        worth = batch_size * largest // (WORTH_A_SHARE if by_features else WORTH_A_THREAD)
    return min(max(worth, 1), usable_cores())
