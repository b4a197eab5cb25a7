"""How many threads BLAS may use: a fixed rule over shapes, so that runs repeat bit for bit."""

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal

from threadpoolctl import ThreadpoolController

from nnfs_cli.network import Network

WORTH_THREADS = 2**25
"""Multiply-adds of one matmul from which a second thread pays: below it, waking it costs more."""


def blas_threads(network: Network, batch_size: int, wish: int | Literal["auto"]) -> int:
    """`wish`, or by the rule: all cores if the largest layer's matmul is worth it, else one."""
    if wish != "auto":
        return wish
    largest = max((param.size for param in network.params.named.values()), default=0)
    return (os.cpu_count() or 1) if batch_size * largest >= WORTH_THREADS else 1


def limit_blas(threads: int) -> AbstractContextManager[Any]:
    """While entered, BLAS uses that many threads."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=threads, user_api="blas")
    return limited


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
