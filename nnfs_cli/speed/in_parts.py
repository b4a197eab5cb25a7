"""Computations cut into parts of columns, which threads compute at the same time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from nnfs_cli.core.arrays import Array, ones
from nnfs_cli.speed.plan import WORTH_CUTTING
from nnfs_cli.speed.threads import Call, Threads, run_all

WIDTH = 16
"""Parts begin at a multiple of this: kernels of BLAS compute at least so many columns at a time."""


WORTH_WAKING = 2**20
"""Numbers from which on threads are woken for an elementwise computation."""


@dataclass(frozen=True)
class InParts:
    """A computation as calls for each part of its columns. No part depends on another.

    parts: the calls of each part, in their order.
    needs: the arrays that each part reads whole. Of all others it reads its own columns.
    writes: the arrays whose columns the parts write.
    is_large: whether it gains time to wake threads for it.
    whole: the same in one call, with the same bits, if there is one; faster where threads are not woken.
    """

    threads: Threads
    parts: Sequence[Sequence[Call]]
    needs: tuple[Array, ...]
    writes: tuple[Array, ...]
    is_large: bool
    whole: Call | None = None

    def __call__(self) -> None:
        if self.is_large:
            self.threads.run(self.parts)
        elif self.whole is not None:
            self.whole()
        else:
            run_all(self.parts)

    def may_follow(self, before: "InParts") -> bool:
        """Whether each part may be computed right after the same part of `before`, while others are not."""
        hazards = [(self.needs, before.writes), (self.writes, before.needs)]
        return len(self.parts) == len(before.parts) and not any(
            np.may_share_memory(one, other) for ones, others in hazards for one in ones for other in others
        )

    def after(self, before: "InParts") -> "InParts":
        """Both, each part of this one after the same part of `before`."""
        parts = [[*first, *then] for first, then in zip(before.parts, self.parts, strict=True)]
        return replace(
            before, parts=parts, needs=before.needs + self.needs, writes=before.writes + self.writes
        )


def in_columns(
    threads: Threads,
    out: Array,
    call: Callable[[slice], Call],
    *,
    needs: tuple[Array, ...] = (),
    is_large: bool = False,
    whole: Call | None = None,
) -> list[Call]:
    """A computation of out (N, M) or (M,) in parts of its columns; no calls if it is not to be cut.

    call: makes the call of a part of the columns.
    needs, is_large, whole: see InParts.
    """
    if threads.parts == 1 or out.ndim > 2 or not out.flags.c_contiguous:
        return []
    parts = [[call(part)] for part in cuts(out.shape[-1], threads.parts)]
    return [InParts(threads, parts, needs, (out,), is_large, whole)] if len(parts) > 1 else []


def product_in_parts(threads: Threads, a: Array, b: Array, out: Array) -> list[Call]:
    """out = a b in parts of its columns, if it is large."""
    if len(a) * b.size < WORTH_CUTTING:
        return []
    return in_columns(
        threads,
        out,
        lambda part: partial(np.matmul, a, b[:, part], out=out[:, part]),
        needs=(a,),
        is_large=True,
    )


def elementwise(threads: Threads, function: Callable[..., object], *arrays: Array, out: Array) -> list[Call]:
    """out = function(*arrays), entry by entry, in parts of its columns."""
    whole = partial(function, *arrays, out=out)

    def call(part: slice) -> Call:
        return partial(function, *(x[..., part] if x.ndim else x for x in arrays), out=out[..., part])

    is_large = out.size >= WORTH_WAKING
    return in_columns(threads, out, call, is_large=is_large, whole=whole) or [whole]


def sum_over_rows(threads: Threads, dy: Array, out: Array) -> list[Call]:
    """out (M,) = 1^T dy by BLAS, in parts of its columns. `dot` would copy some of the columns."""
    row = ones(len(dy), dy.dtype)
    parts = in_columns(threads, out, lambda part: partial(np.matmul, row, dy[:, part], out=out[part]))
    return parts or [partial(row.dot, dy, out)]


def cuts(length: int, parts: int) -> list[slice]:
    """The parts of an axis. They have about the same length."""
    edges = [length * part // parts // WIDTH * WIDTH for part in range(parts)]
    return [slice(*each) for each in pairwise([*edges, length]) if each[0] < each[1]]


def joined(calls: Iterable[Call]) -> list[Call]:
    """Join computations in parts with large ones before them, so that threads are woken less often."""
    made: list[Call] = []
    for call in calls:
        before = made[-1] if made else None
        if (
            isinstance(call, InParts)
            and isinstance(before, InParts)
            and before.is_large
            and call.may_follow(before)
        ):
            made[-1] = call.after(before)
        else:
            made.append(call)
    return made
