"""How many threads BLAS uses, and how many cores there are."""

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def limit_blas(threads: int) -> AbstractContextManager[Any]:
    """While entered, BLAS uses so many threads; afterwards as many as before.

    BLAS may round otherwise with another number: so it is part of the arithmetic.
    """
    limiter: AbstractContextManager[Any] = blas().limit(limits=threads, user_api="blas")
    return limiter


@cache
def blas() -> ThreadpoolController:
    """The libraries that multiply matrices in this process."""
    return ThreadpoolController()


def usable_cores() -> int:
    """How many cores this process may run on, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
