"""How many threads may work: a fixed rule over shapes, so that runs repeat bit for bit."""

import math
import os
import threading
from functools import cache
from typing import Any, Literal

from threadpoolctl import ThreadpoolController

from nnfs_cli.network import Network

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


def usable_cores() -> int:
    """How many cores this process may run on, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class use_threads:  # noqa: N801  it is called like a function
    """While entered, BLAS uses that many threads; or one, where processes share out the work.

    Of several who have entered, whoever did last has their number, or whoever calls `again` since: trainings
    may take turns. When all have left, it is as it was before the first.
    """

    def __init__(self, threads: int, network: Network, *, by_features: bool = False) -> None:
        self._limit = 1 if by_features or network.has_images else threads

    def __enter__(self) -> "use_threads":
        with _one_at_a_time:
            if not _inside:
                _before.append(_controller().limit(limits=self._limit, user_api="blas"))
            else:
                self._set()
            _inside.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        with _one_at_a_time:
            _inside.remove(self)
            if _inside:
                _inside[-1]._set()
            else:
                _before.pop().restore_original_limits()

    def again(self) -> None:
        """Have one's number back, if others have entered or left since."""
        if _inside[-1] is not self:
            with _one_at_a_time:
                _inside.remove(self)
                _inside.append(self)
                self._set()

    def _set(self) -> None:
        _controller().limit(limits=self._limit, user_api="blas")


_one_at_a_time = threading.RLock()
_inside: list[use_threads] = []
"""Who has entered; the last one's number is what BLAS has."""
_before: list[Any] = []
"""What knows the number from before the first, while anybody is inside."""


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
