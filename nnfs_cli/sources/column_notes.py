"""What is said of a table's columns: what each is taken for, and which deserve a second look."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, row_slices
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.columns import LeaveOut
from nnfs_cli.sources.dates import are_dates
from nnfs_cli.sources.lines import UNNAMED
from nnfs_cli.sources.table import Table

FEWEST_IDS = 10
"""In fewer rows, values that all differ are no sign of an id."""
NAMES_OF_IDS = re.compile(r"(?i:(^|[\W_])(id|key|index|uuid|guid)$)|[a-z](Id|ID|Key|Index)$")


def roles(table: Table, columns: Sequence[Column], targets: Collection[str], image_shape: Shape) -> str:
    """A sentence on what each column is taken for: `columns: 2 numbers (a, b); 1 category (c)`."""
    numbers = [column.name for column in columns if not column.categories]
    categories = [column.name for column in columns if column.categories]
    unused = [name for name in table.names if name not in {*numbers, *categories, *targets}]
    parts = []
    if numbers:
        how = f", as images of {' x '.join(map(str, image_shape))}" if image_shape else ""
        how = how or (f" ({listed(numbers)})" if len(numbers) <= 5 else "")
        parts.append(counted(len(numbers), "number") + how)
    if categories:
        parts.append(f"{counted(len(categories), 'category', 'categories')} ({listed(categories)})")
    if unused:
        parts.append(f"not used: {listed(unused)}")
    return f"columns: {'; '.join(parts)}"


def hints(
    table: Table, columns: Sequence[Column], categorical: Collection[str], leave_out: LeaveOut
) -> Iterator[str]:
    """A sentence for each kind of column that deserves a second look, with what to do about it.

    Columns that the user listed as `categorical` are no ids, dates or times.
    """
    unnamed = [column.name for column in columns if column.name.startswith(UNNAMED)]
    if unnamed:
        are = (
            "a column without a name is a feature"
            if len(unnamed) == 1
            else "columns without names are features"
        )
        names = listed([repr(name) for name in unnamed])
        yield f"{are}, {names}; if it only counts the rows, {leave_out(unnamed)}"
    asked = [column for column in columns if column.name not in {*unnamed, *categorical}]
    numbers = [column.name for column in asked if not column.categories]
    texts = [column for column in asked if column.categories]
    low, high = _extremes(table)
    if constant := list(_constant(columns, low, high)):
        tell = "a constant column tells" if len(constant) == 1 else "constant columns tell"
        yield f"{tell} a network nothing: {listed(constant)}; {leave_out(constant)}"
    dates = {
        column.name: f"{len(column.categories)} categories"
        for column in texts
        if are_dates(column.categories)
    }
    dates |= {name: "a number" for name in numbers if _days(table, name, low, high)}
    if dates:
        taken = listed([f"{name} (taken for {what})" for name, what in dates.items()])
        remedy = f"make numbers of them, such as month, weekday or hour, or {leave_out(list(dates))}"
        yield f"dates or times: {taken}; {remedy}"
    ids = [name for name in numbers if _counts_rows(table, name, low, high)]
    ids += [column.name for column in texts if len(table) == len(column.categories) >= FEWEST_IDS]
    if (ids := [name for name in ids if name not in dates]) and len(columns) > 1:
        look = "looks like an id" if len(ids) == 1 else "look like ids"
        yield f"{listed(ids)} {look}, since each row has another value; if so, {leave_out(ids)}"


def mostly_empty(
    missing: Mapping[str, int], rows: int, names: Sequence[str], leave_out: LeaveOut
) -> Iterator[str]:
    """A sentence on the features that lack more than half of their values."""
    if empty := [name for name in names if 2 * missing[name] > rows]:
        shown = listed([f"{name} ({missing[name] / rows:.0%} missing)" for name in empty])
        yield f"mostly empty: {shown}; unless gaps mean something there, {leave_out(empty)}"


def _extremes(table: Table) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The least and the largest number of each numeric column; not-a-number if it has none."""
    low = high = table.numbers[0]
    for here in row_slices(table.numbers, len(table)):
        low = np.fmin(low, np.fmin.reduce(table.numbers[here]))
        high = np.fmax(high, np.fmax.reduce(table.numbers[here]))
    lowest, highest = (dict(zip(table.numeric, each.tolist(), strict=True)) for each in (low, high))
    return lowest, highest


def _constant(
    columns: Sequence[Column], low: Mapping[str, float], high: Mapping[str, float]
) -> Iterator[str]:
    for column in columns:
        if len(column.categories) == 1 or (
            not column.categories
            and low[column.name] == high[column.name]
            and column.fill in (None, low[column.name])
        ):
            yield column.name


def _days(table: Table, name: str, low: Mapping[str, float], high: Mapping[str, float]) -> bool:
    """Whether a column's numbers are days as 20170310."""
    if not 16_000_101 <= low[name] <= high[name] <= 22_001_231 or len(table) < 2:
        return False
    numbers = _present(table, name)
    months, days = numbers // 100 % 100, numbers % 100
    return bool(np.all((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31) & (days == days // 1)))


def _counts_rows(table: Table, name: str, low: Mapping[str, float], high: Mapping[str, float]) -> bool:
    """Whether a column's numbers seem to name the rows: whole, all different, and in order or so named.

    Or so close together that numbers drawn at random would repeat.
    """
    rows, span = len(table), high[name] - low[name]
    if rows < FEWEST_IDS or not span >= rows - 1:
        return False
    numbers = table.number(name)
    if np.any(numbers != np.floor(numbers)) or len(np.unique(numbers)) < rows:  # a gap differs from its floor
        return False
    steps = np.diff(numbers.astype(np.float64))
    in_order = bool(np.all(steps > 0) or np.all(steps < 0))
    dense = span < 2 * rows or 10 * span < rows**2
    return in_order or dense or bool(NAMES_OF_IDS.search(name))


def _present(table: Table, name: str) -> Array:
    """A column's numbers, without the missing ones."""
    return np.asarray(table.number(name)[~table.missing(name)])
