"""From a table's columns to the numbers that a network reads."""

import difflib
from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.limits import is_usable, refuse_unusable
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.table import MISSING, Table

Missing = Literal["error", "drop", "mean", "median", "constant"]
MOST_CATEGORIES = 256
UNKNOWN = "missing"
"""The category that `missing: constant` gives to missing texts."""


def fit_columns(
    table: Table, names: Sequence[str], rows: Array, missing: Missing, constant: float
) -> tuple[Column, ...]:
    """Columns as features: categories from all rows; fill values fitted to the training `rows`."""
    fit = partial(_fit_numbers, constant=constant)
    return tuple((_fit_texts if name in table.texts else fit)(table, name, rows, missing) for name in names)


def _fit_texts(table: Table, name: str, rows: Array, missing: Missing) -> Column:
    """A column of categories. A missing one becomes the most frequent one, or a category of its own."""
    column = table.texts[name]
    levels = column.present()
    if len(levels) > MOST_CATEGORIES or 2 * len(levels) > len(table) > 20:
        raise NnfsError(
            f"{table.source}: column {name!r}: {len(levels)} different texts in {len(table)} rows are no "
            f"categories ({', '.join(map(repr, levels[:3]))}, ...); leave it out with "
            f"`features: {{exclude: [{name}]}}`"
        )
    if missing == "constant" and (column.codes == MISSING).any():
        return Column(name, tuple(sorted({*levels, UNKNOWN})), UNKNOWN)
    fill = None
    if missing in ("mean", "median"):
        counts = np.bincount(column.codes[rows] + 1, minlength=len(column.levels) + 1)[1:]
        fill = column.levels[int(counts.argmax())]
    return Column(name, tuple(levels), fill)


def _fit_numbers(table: Table, name: str, rows: Array, missing: Missing, constant: float) -> Column:
    """A column of numbers, and the number that replaces a missing one."""
    if missing == "constant":
        return Column(name, fill=constant)
    if missing not in ("mean", "median"):
        return Column(name)
    numbers = table.number(name)[rows].astype(np.float64)
    there = numbers[~np.isnan(numbers)]
    average = np.mean if missing == "mean" else np.median
    return Column(name, fill=float(average(there)) if len(there) else 0.0)


def encode(table: Table, columns: Sequence[Column]) -> Array:
    """The features of every row, (R, D): numbers as they are, categories as one-hot numbers.

    Integers keep their type if all columns are integers. NnfsError for an unknown category, a
    missing value without a fill value, or an unusable number, with its row.
    """
    numeric = [column for column in columns if not column.categories]
    wrong = [column.name for column in numeric if column.name in table.texts]
    if wrong:
        level = table.texts[wrong[0]].levels[0] if table.texts[wrong[0]].levels else ""
        raise NnfsError(f"{table.source}: column {wrong[0]!r}: must be numbers, found {level!r}")
    where = _as_slice([table.numeric.index(column.name) for column in numeric])
    if len(numeric) == len(columns) and table.numbers.dtype.kind != "f":
        return np.array(table.numbers[:, where], order="C")
    starts = np.cumsum([0, *(column.width for column in columns)])
    x = np.empty((len(table), starts[-1]))
    places = [int(start) for start, column in zip(starts, columns, strict=False) if not column.categories]
    x[:, _as_slice(places)] = table.numbers[:, where]
    for start, column in zip(starts, columns, strict=False):
        if column.categories:
            x[:, start : start + column.width] = _one_hot(table, column)
    if not is_usable(x):
        in_place = dict(zip(places, numeric, strict=True))
        for place, column in in_place.items():
            _fill_gaps(table, column, x[:, place])
        refuse_unusable(x, lambda row, place: table.where(row, in_place[place].name))
    return x


def _as_slice(places: list[int]) -> slice | list[int]:
    """Consecutive places as a slice, which copies faster than a list."""
    first = places[0] if places else 0
    consecutive = places == list(range(first, first + len(places)))
    return slice(first, first + len(places)) if consecutive else places


def _fill_gaps(table: Table, column: Column, numbers: Array) -> None:
    """Replace missing numbers by the column's fill value, in place."""
    gaps = np.isnan(numbers)
    if gaps.any():
        _require_fill(table, column, gaps)
        numbers[gaps] = column.fill


def _one_hot(table: Table, column: Column) -> Array:
    """One-hot rows (R, K): a 1 at each row's category, else 0."""
    codes, levels = _codes_and_levels(table, column)
    place = {category: k for k, category in enumerate(column.categories)}
    unknown = [k for k, level in enumerate(levels) if level not in place]
    if unknown:
        row = int(np.isin(codes, unknown).argmax())
        level = levels[codes[row]]
        close = difflib.get_close_matches(level, column.categories, n=1, cutoff=0.5)
        shown = ", ".join(map(repr, column.categories[:20])) + (", ..." if column.categories[20:] else "")
        raise NnfsError(
            f"{table.where(row, column.name)}: {level!r} is none of the categories "
            f"trained on" + (f"; did you mean {close[0]!r}?" if close else f"; they are {shown}")
        )
    gaps = codes == MISSING
    fill = place[str(column.fill)] if column.fill is not None else MISSING
    if gaps.any():
        _require_fill(table, column, gaps)
    renumbered = np.array([*(place[level] for level in levels), fill])
    return np.asarray(np.arange(len(column.categories)) == renumbered[codes][:, None])


def _codes_and_levels(table: Table, column: Column) -> tuple[Array, tuple[str, ...]]:
    """The codes and levels of a column of categories, even if all its texts in this file are numbers."""
    if column.name in table.texts:
        return table.texts[column.name].codes, table.texts[column.name].levels
    values, codes = np.unique(table.number(column.name), return_inverse=True)
    return codes, tuple(str(int(v)) if float(v).is_integer() else str(v) for v in values)


def _require_fill(table: Table, column: Column, gaps: Array) -> None:
    if column.fill is None:
        raise NnfsError(
            f"{table.where(int(gaps.argmax()), column.name)}: a value is missing "
            f"({int(gaps.sum())} in all), and the network was trained without missing values"
        )


def refuse_missing(table: Table, names: Sequence[str], advice: str) -> None:
    """Raise NnfsError, with counts, if any of these columns has missing values."""
    counts = table.missing_counts()
    gaps = [f"{name} ({counts[name]})" for name in names if counts[name]]
    if gaps:
        listed = ", ".join(gaps[:20]) + (f" and {len(gaps) - 20} more columns" if gaps[20:] else "")
        raise NnfsError(f"{table.source}: missing values in {listed}; {advice}")
