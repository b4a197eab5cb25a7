"""How many threads BLAS may use: a fixed rule over shapes, so that runs repeat bit for bit."""

import os
from contextlib import AbstractContextManager
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


def blas_threads(network: Network, batch_size: int, wish: int | Literal["auto"]) -> int:
    """`wish`, or by the rule: as many as the largest layer's matmul is worth, up to the cores."""
    if wish != "auto":
        return wish
    largest = max((param.size for param in network.params.named.values()), default=0)
    return min(max(batch_size * largest // WORTH_A_THREAD, 1), usable_cores())


def usable_cores() -> int:
    """How many cores this process may run on, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_blas(threads: int) -> AbstractContextManager[Any]:
    """While entered, BLAS uses that many threads."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=threads, user_api="blas")
    return limited


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
