"""How many threads BLAS uses, for as long as it is to."""

import os
import threading
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from nnfs_cli.engine.network import Network


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
