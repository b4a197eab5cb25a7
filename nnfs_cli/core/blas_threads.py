"""How many threads BLAS uses, and how many cores there are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

CORES = "NNFS_CORES"
"""The environment variable with the number of cores that a process may use."""


@contextmanager
def limit_blas(threads: int) -> Iterator[None]:
    """In the `with` block BLAS uses this number of threads; afterwards it uses as many as before.

    With another number of threads BLAS may round differently. So the number is part of the arithmetic.
    """
    library = blas()
    before = library.num_threads
    library.set_num_threads(threads)
    try:
        yield
    finally:
        library.set_num_threads(before)


@cache
def blas() -> Any:
    """The BLAS that NumPy uses, with `num_threads` and `set_num_threads(n)`."""
    libraries = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
    libraries.sort(key=lambda library: "numpy" not in library.filepath)  # SciPy has a BLAS of its own
    return libraries[0] if libraries else _Unknown()


def threads_given(threads: int) -> int:
    """The number of threads that BLAS uses when asked for this number. It may not have so many."""
    with limit_blas(threads):
        return int(blas().num_threads)


def blas_name() -> str:
    """BLAS and the kernel that it chose for this processor, as `openblas 0.3.30 SkylakeX`."""
    library = blas()
    facts = (getattr(library, key, None) for key in ("internal_api", "version", "architecture"))
    return " ".join(str(fact) for fact in facts if fact)


def kernel_name() -> str:
    """The kernel that BLAS says it computes with, as `SkylakeX`; empty if it says none."""
    return str(getattr(blas(), "architecture", None) or "")


class _Unknown:
    """Stands in for a BLAS that threadpoolctl does not know. Its number of threads cannot be set."""

    num_threads = 1

    def set_num_threads(self, _: int) -> None:
        return


def usable_cores() -> int:
    """The number of cores that this process may use: those it may run on, or its share of them.

    The environment variable NNFS_CORES is the share, where several trainings run side by side.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get(CORES, "")
    return min(cores, max(int(share), 1)) if share.isdecimal() else cores
