"""Rows and targets from Python's objects: arrays, lists, and tables of pandas and other libraries."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


def is_frame(value: Any) -> "TypeGuard[pd.DataFrame]":
    """Whether it is a pandas DataFrame. Nobody who has none needs to load pandas for this."""
    return hasattr(value, "iloc") and getattr(value, "ndim", 0) == 2


def is_series(value: Any) -> "TypeGuard[pd.Series[Any]]":
    """Whether it is a pandas Series."""
    return hasattr(value, "iloc") and getattr(value, "ndim", 0) == 1


def as_pandas(value: Any, name: str) -> Any:
    """A table of another library, as polars or pyarrow, as a DataFrame or Series; all else as it is."""
    return _converted(value.to_pandas, name) if hasattr(value, "to_pandas") else value


def as_rows(x: Any, name: str = "x") -> "Array | pd.DataFrame":
    """Rows as an array (N, ...) of numbers, or as a DataFrame if they are a table of whichever library.

    NnfsError for a single row without its axis, for texts, and for what is no array at all.
    """
    x = as_pandas(x, name)
    if is_frame(x):
        return x
    if is_series(x):
        raise NnfsError(
            f"{name}: must be a table of rows, found a Series; one row of a DataFrame is `frame.loc[[i]]`, "
            f"one column `frame[[name]]`"
        )
    rows = as_array(x, name)
    if rows.size == 0 and rows.ndim < 2:
        return rows.reshape(0, 0)
    if rows.ndim == 0:
        raise NnfsError(f"{name}: must be rows (N, ...), found {type(x).__name__}")
    if rows.dtype.kind not in "biuf":
        found = "records" if rows.dtype.names else rows.dtype
        raise NnfsError(
            f"{name}: must hold numbers, found {found}; a table may have texts, too: `pd.DataFrame(x)`"
        )
    if rows.ndim == 1:
        raise NnfsError(
            f"{name}: must be rows (N, ...), found shape {rows.shape}; `x.reshape(1, -1)` makes one row of "
            f"it, `x.reshape(-1, 1)` rows of one number"
        )
    return rows


def as_targets(y: Any, name: str = "y") -> Array:
    """Targets as an array (N,) or (N, M), of numbers or texts."""
    targets = as_array(y, name)
    if targets.dtype.kind == "O":
        kinds = sorted({"a missing value" if _is_missing(v) else type(v).__name__ for v in targets.ravel()})
        raise NnfsError(f"{name}: must hold numbers or texts, found {' and '.join(kinds)}")
    if targets.ndim == 0:
        raise NnfsError(f"{name}: must be targets (N,) or (N, M), found {type(y).__name__}")
    if targets.dtype.kind not in "biufU":
        raise NnfsError(f"{name}: must hold numbers or texts, found {targets.dtype}")
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets.ravel()
    if targets.dtype.kind == "b" and targets.ndim == 1:
        targets = targets.astype(str)  # True and False are two classes' names
    return targets


def as_array(value: Any, name: str) -> Array:
    """Any array or list as an array: of numbers or texts if its values are such, else of objects."""
    if hasattr(value, "todense"):
        raise NnfsError(f"{name}: must be an array, found a sparse matrix; `x.toarray()` makes one of it")
    if np.ma.is_masked(value):
        raise NnfsError(f"{name}: has masked numbers; fill them in first")
    array: Array = _converted(lambda: np.asarray(value), name)
    if array.dtype.kind == "S":
        return _converted(lambda: np.char.decode(array, "utf-8"), name)
    if array.dtype.kind != "O":
        return array
    kinds = {type(item) for item in array.ravel()}
    if kinds and all(issubclass(kind, str) for kind in kinds):
        return array.astype(str)
    if kinds and all(issubclass(kind, int | np.integer) for kind in kinds):
        return _converted(lambda: array.astype(np.int64), name)
    numbers = all(issubclass(kind, int | float | np.number) for kind in kinds)
    return array.astype(np.float64) if numbers else array


def _is_missing(value: object) -> bool:
    return type(value).__name__ in ("NoneType", "NAType", "NaTType") or value != value


def _converted(convert: Callable[[], T], name: str) -> T:
    """What `convert` returns; NnfsError if another library cannot do it."""
    try:
        return convert()
    except (TypeError, ValueError, RuntimeError, OverflowError, ImportError) as error:
        raise NnfsError(f"{name}: cannot be read as an array: {error}") from None
