"""Rows of a table that lack values: dropped and counted, or refused with what can be done about them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.sources.table import LeaveOut, Table

MOST_COLUMNS = 20


def drop_gaps(
    table: Table, names: Sequence[str], targets: Sequence[str], leave_out: LeaveOut
) -> tuple[Table, list[str]]:
    """The rows that lack neither a feature nor a target, and a note on how many were dropped.

    NnfsError if no row is left.
    """
    gaps = _gaps(table, (*names, *targets))
    if not gaps:
        return table, []
    left = _complete_rows(table, gaps)
    if not len(left):
        lacking = [name for name in names if name in gaps]
        emptiest = max(lacking, key=lambda name: gaps[name], default="")
        remedy = (
            f"{emptiest} has the fewest values: {leave_out([emptiest])}"
            if lacking
            else "a target must be there"
        )
        raise NnfsError(
            f"dataset.missing: each row of {table.source} lacks a value: none is left; missing are "
            f"{_counts(gaps)}; {remedy}"
        )
    dropped = len(table) - len(left)
    note = f"{dropped:,} of {len(table):,} rows dropped for missing values: {_counts(gaps)}"
    return table.take(left), [note]


def refuse_gaps(table: Table, names: Sequence[str], leave_out: LeaveOut, more: str = "") -> None:
    """Raise NnfsError, with counts and remedies, if a feature lacks values. `more` ends the message."""
    gaps = _gaps(table, names)
    if not gaps:
        return
    left = len(_complete_rows(table, gaps))
    ways = (
        "`missing: drop`, `mean`, `median` or `constant`"
        if left
        else "`missing: mean`, `median` or `constant`"
    )
    advice = [f"say what to do: {ways}"]
    if left:
        advice.append(f"drop leaves {left:,} of {len(table):,} rows")
    if empty := [name for name in gaps if 2 * gaps[name] > len(table)]:
        are = "is" if len(empty) == 1 else "are"
        advice.append(f"{listed(empty)} {are} mostly empty: {leave_out(empty)}")
    raise NnfsError(f"{table.source}: missing values in {_counts(gaps)}; {'; '.join(advice)}{more}")


def refuse_targets(table: Table, targets: Sequence[str], names: Sequence[str], more: str = "") -> None:
    """Raise NnfsError if a target lacks values. `more` ends the message."""
    gaps = _gaps(table, targets)
    if not gaps:
        return
    left = len(_complete_rows(table, _gaps(table, (*targets, *names))))
    keeps = f"leaves such rows out, and keeps {left:,} of {len(table):,}" if left else "would leave no row"
    raise NnfsError(
        f"{table.source}: missing values in {_counts(gaps)}; a target must be there; `missing: drop` {keeps}"
        f"{more}"
    )


def _gaps(table: Table, names: Sequence[str]) -> dict[str, int]:
    counts = table.missing_counts()
    return {name: counts[name] for name in names if counts[name]}


def _complete_rows(table: Table, gaps: Iterable[str]) -> Array:
    """The rows that lack none of the columns `gaps`."""
    return np.flatnonzero(~np.any([table.missing(name) for name in gaps], axis=0))


def _counts(gaps: Mapping[str, int]) -> str:
    """`Age (41), Embarked (3)`."""
    return listed([f"{name} ({count:,})" for name, count in gaps.items()], MOST_COLUMNS)
