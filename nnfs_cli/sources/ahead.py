"""Work that threads do ahead of its use."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from nnfs_cli.core.errors import NnfsError

T = TypeVar("T")
R = TypeVar("R")


def ahead(work: Callable[[T], R], items: Iterator[T], threads: int) -> Iterator[R]:
    """`work(item)` for each item, in order, while threads work on the next ones: one item each.

    It gains where `work` releases the interpreter's lock. Errors come in the items' order: before one that
    `items` raises, all items before it are given.
    """
    waiting = deque[Future[R]]()
    failed: NnfsError | OSError | None = None
    with ThreadPoolExecutor(threads) as pool:
        while True:
            try:
                waiting.append(pool.submit(work, next(items)))
            except StopIteration:
                break
            except (NnfsError, OSError) as error:
                failed = error
                break
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    if failed is not None:
        raise failed
