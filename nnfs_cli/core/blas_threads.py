"""How many threads BLAS uses, and how many cores there are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def limit_blas(threads: int) -> Iterator[None]:
    """While entered, BLAS uses so many threads; afterwards as many as before.

    BLAS may round otherwise with another number: so it is part of the arithmetic.
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
    """The library that multiplies NumPy's matrices: its `num_threads`, and `set_num_threads(n)`."""
    libraries = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
    libraries.sort(key=lambda library: "numpy" not in library.filepath)  # SciPy brings one of its own
    return libraries[0] if libraries else _Unknown()


class _Unknown:
    """A library whose threads cannot be counted; it uses as many as it likes."""

    num_threads = 1

    def set_num_threads(self, _: int) -> None:
        return


def usable_cores() -> int:
    """How many cores this process may run on, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
