"""Limits for the numbers in data: they must be finite, and so must sums of their squares in float64."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices
from nnfs_cli.core.errors import NnfsError

LARGEST = 1e150
"""Standard deviations, correlations and squared errors are sums of squares, which must not overflow."""

SMALLEST = 1 / LARGEST
"""A smaller spread counts as 0: its square would be almost 0, or 0."""

Place: TypeAlias = Callable[..., str]
"""Says in words where a number is, from its row and its other indices, counted from 0."""


def require_rows(x: Array, what: str) -> None:
    """Raise NnfsError unless x (N, ...) holds rows of numbers."""
    if x.ndim < 2 or x.dtype.kind not in "biuf":
        hint = f": one number a row is {(len(x), 1)}" if x.ndim == 1 else ""
        raise NnfsError(
            f"{what} must hold rows of numbers (N, ...), found shape {x.shape} of {x.dtype}{hint}"
        )


def refuse_unusable(x: Array, place: Place) -> None:
    """Raise NnfsError for the first number of x (R, ...) that is not finite or beyond LARGEST in size."""
    for here in row_slices(x, len(x)):
        good = usable(x[here])
        if not good.all():
            row, *rest = (int(i[0]) for i in (~good).nonzero())
            found = x[(here.start + row, *rest)]
            raise NnfsError(f"{place(here.start + row, *rest)}: must be {expected(found)}")


def is_usable(x: Array) -> bool:
    """Whether `refuse_unusable` would accept x."""
    return all(usable(x[here]).all() for here in row_slices(x, len(x)))


def in_rows_of(source: str, first: int = 0) -> Place:
    """`data.npy: row 3, entry [0, 2]`, where x begins with the source's row `first`; rows count from 1."""

    def place(row: int, *entry: int) -> str:
        return f"{source}: row {first + row + 1}" + (f", entry {list(entry)}" if entry else "")

    return place


def usable(x: Array) -> Array:
    """Whether each number of x is usable; integers and smaller types cannot be too large."""
    if x.dtype.kind != "f":
        return np.ones((1,) * x.ndim, bool)
    return np.asarray(np.isfinite(x) if x.dtype.itemsize < 8 else np.abs(x) <= LARGEST)


def expected(found: float) -> str:
    """What an unusable number must be, and what it is: `finite, found inf`."""
    if not np.isfinite(found):
        return f"finite, found {found}"
    return (
        f"at most {LARGEST:g} in size, found {found}: too large for sums of squares in float64 (float32 ends "
        f"at 3.4e+38); use a larger unit, or leave it out if it stands for a missing value"
    )
