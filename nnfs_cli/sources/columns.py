"""Which features a table's columns become: numbers or categories, and what fills their gaps."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.dates import are_dates
from nnfs_cli.sources.table import MISSING, LeaveOut, Table

Missing = Literal["error", "drop", "mean", "median", "constant"]
Unknown = Literal["error", "ignore"]

MOST_CATEGORIES = 256
MOST_DATES = 24
"""More different dates or times are no categories. The hours of a day are 24, and the months of two years."""
OWN_CATEGORY = "missing"
"""The category that `missing: constant` gives to missing texts."""


def fit_columns(
    table: Table, names: Sequence[str], rows: Array, missing: Missing, constant: float, unknown: Unknown
) -> tuple[Column, ...]:
    """Columns as features: categories from all rows; fill values fitted to the training `rows`."""
    return tuple(
        replace(_fit_texts(table, name, rows, missing), ignore_unknown=unknown == "ignore")
        if name in table.texts
        else _fit_numbers(table, name, rows, missing, constant)
        for name in names
    )


def refuse_texts(
    table: Table, names: Sequence[str], categorical: Collection[str], leave_out: LeaveOut
) -> None:
    """Raise NnfsError for columns of texts that are no categories."""
    problems = no_categories(table, names, categorical)
    if problems:
        found = "\n  ".join(f"column {name!r}: {problem}" for name, problem in problems.items())
        then = "; " if len(problems) == 1 else "\n  "
        raise NnfsError(f"{table.source}: {found}{then}{leave_out(tuple(problems))}")


def no_categories(table: Table, names: Sequence[str], categorical: Collection[str]) -> dict[str, str]:
    """The columns of texts that are no categories, too many different ones or dates; each with the reason."""
    problems = {}
    for name in names:
        levels = table.texts[name].present() if name in table.texts else []
        shown = f"({', '.join(repr(level[:40]) for level in levels[:3])}, ...)"
        dates = name not in categorical and are_dates(levels)
        if len(levels) > (MOST_DATES if dates else MOST_CATEGORIES) or 2 * len(levels) > len(table) > 20:
            what = f"{len(levels)} different {'dates or times' if dates else 'texts'} in {len(table)} rows"
            remedy = "; make numbers of them, such as month, weekday or hour" if dates else ""
            problems[name] = f"{what} are no categories {shown}{remedy}"
    return problems


def _fit_texts(table: Table, name: str, rows: Array, missing: Missing) -> Column:
    """A column of categories. A missing one becomes the most frequent one, or a category of its own."""
    column = table.texts[name]
    levels = column.present()
    if missing == "constant" and (column.codes == MISSING).any():
        return Column(name, tuple(sorted({*levels, OWN_CATEGORY})), OWN_CATEGORY)
    fill = None
    if missing in ("mean", "median"):
        counts = np.bincount(column.codes[rows] + 1, minlength=len(column.levels) + 1)[1:]
        _require_values(table, name, int(counts.sum()))
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
    _require_values(table, name, len(there))
    average = np.mean if missing == "mean" else np.median
    return Column(name, fill=float(average(there)))


def _require_values(table: Table, name: str, count: int) -> None:
    if not count:
        raise NnfsError(
            f"{table.source}: column {name!r} has no value in any training row, and so no mean, median or "
            f"most frequent category; leave it out of `features`, or use `missing: constant`"
        )
