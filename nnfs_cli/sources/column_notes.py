"""What is said of a table's columns: what each is taken for, and which deserve a second look."""

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, row_slices
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.dates import are_dates
from nnfs_cli.sources.records import UNNAMED
from nnfs_cli.sources.table import LeaveOut, Table

FEWEST_IDS = 10
"""In fewer rows, values that all differ are no sign of an id."""
NAMES_OF_IDS = re.compile(r"(?i:(^|[\W_])(id|key|index|uuid|guid)$)|[a-z](Id|ID|Key|Index)$")


def roles(table: Table, columns: Sequence[Column], others: Collection[str], image_shape: Shape) -> str:
    """A sentence on what each column is taken for: `columns: 2 numbers (a, b); 1 category (c)`.

    others: columns that are used, but not as features.
    """
    numbers = [column.name for column in columns if not column.categories]
    categories = [column.name for column in columns if column.categories]
    unused = [name for name in table.names if name not in {*numbers, *categories, *others}]
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


def second_look(
    table: Table,
    columns: Sequence[Column],
    missing: Mapping[str, int],
    rows: int,
    categorical: Collection[str],
    leave_out: LeaveOut,
) -> str:
    """A sentence on the `odd_columns`, with what to do about them; empty if there are none."""
    found = odd_columns(table, columns, missing, rows, categorical)
    if not found:
        return ""
    names = list(dict.fromkeys(name for names in found.values() for name in names))
    them, tell = ("it", "tells") if len(names) == 1 else ("they", "tell")
    look = "; ".join(f"{listed(names)} ({kind})" for kind, names in found.items())
    remedy = f"; if {them} {tell} nothing, {leave_out(names)}" if len(names) < len(columns) else ""
    return f"worth a second look: {look}{remedy}"


def odd_columns(
    table: Table,
    columns: Sequence[Column],
    missing: Mapping[str, int],
    rows: int,
    categorical: Collection[str] = (),
) -> dict[str, list[str]]:
    """The columns that may tell a network nothing as they are, for each kind.

    missing: how many values each column lacked, in `rows` rows, before gaps were filled or dropped.
    categorical: columns that the user called so, which are no dates, times or ids.
    """
    ranges = _ranges(table)
    found: dict[str, list[str]] = {}
    for column in columns:
        name, other = column.name, column.name not in categorical
        low, high = ranges.get(name, (np.nan, np.nan))
        dates = other and (are_dates(column.categories) or _are_days(table, name, low, high))
        kinds = {
            "mostly empty": 2 * missing[name] > rows,
            "constant": len(table) > 1 and _is_constant(column, low, high),
            "dates or times: better numbers, such as month, weekday or hour": dates,
            "another value in each row, as of an id": other
            and not dates
            and _is_id(table, column, high - low),
        }
        for kind in (kind for kind, holds in kinds.items() if holds):
            found.setdefault(kind, []).append(name)
    return found


def _ranges(table: Table) -> Mapping[str, tuple[float, float]]:
    """The least and the largest number of each numeric column; not-a-number if it has none."""
    low = high = table.numbers[0]
    for here in row_slices(table.numbers, len(table)):
        low = np.fmin(low, np.fmin.reduce(table.numbers[here]))
        high = np.fmax(high, np.fmax.reduce(table.numbers[here]))
    return dict(zip(table.numeric, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def _is_constant(column: Column, low: float, high: float) -> bool:
    if column.categories:
        return len(column.categories) == 1
    return low == high and column.fill in (None, low)


def _are_days(table: Table, name: str, low: float, high: float) -> bool:
    """Whether a column's numbers are days as 20170310."""
    if len(table) < 2 or not 16_000_101 <= low <= high <= 22_001_231:
        return False
    numbers = table.number(name)[~table.missing(name)]
    months, days = numbers // 100 % 100, numbers % 100
    possible = (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31) & (days == np.floor(days))
    return bool(possible.all())


def _is_id(table: Table, column: Column, span: float) -> bool:
    """Whether each row has another value, and the values seem to be ids.

    Texts do, and columns without a name. Whole numbers do if they are in order, or have an id's name, or lie
    so close together that numbers drawn at random would repeat.
    """
    rows, name = len(table), column.name
    if column.categories:
        return rows >= FEWEST_IDS and len(column.categories) == rows
    if not rows - 1 <= span < np.inf:
        return False
    numbers = table.number(name)
    enough = int(5 * span**0.5) + 1  # for random numbers to repeat, so that the rest need not be sorted
    if not (_whole_and_different(numbers[:enough]) and _whole_and_different(numbers)):
        return False
    if name.startswith(UNNAMED):
        return True
    steps = np.diff(numbers.astype(np.float64))
    in_order = bool(np.all(steps > 0) or np.all(steps < 0))
    close = span < 2 * rows or 10 * span < rows**2
    return rows >= FEWEST_IDS and (in_order or close or bool(NAMES_OF_IDS.search(name)))


def _whole_and_different(numbers: Array) -> bool:
    ordered = np.sort(numbers)
    return bool(np.all(numbers == np.floor(numbers)) and np.all(ordered[1:] != ordered[:-1]))
