"""From a table's columns to the numbers that a network reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.memory import require_memory
from nnfs_cli.preprocessing.limits import expected, is_usable, usable
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.gathered import Gathered
from nnfs_cli.sources.spellings import spell
from nnfs_cli.sources.table import MISSING, Table

FILL = "`missing: median` in training fills gaps"
IGNORE = "`unknown: ignore` in training takes an unknown category for none"
CORRECT = "correct it"
FEWER = "leave out columns with many categories"


@dataclass(frozen=True, eq=False)
class Refusal:
    """Rows that cannot be encoded, for one reason.

    rows: (R,) of bool.
    why: where the first of them is, and what is wrong there.
    remedy: what helps with all of them.
    """

    rows: Array
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.why} ({self.remedy})"


@dataclass(frozen=True, eq=False)
class Encoded:
    """A table's rows as features, and what that took.

    x: (R, D); a refused row holds no meaning.
    filled: for each column with gaps that were filled, which rows had one, (R,) of bool.
    ignored: for each column with unknown categories that were taken for none, which rows had one.
    refusals: which rows could not be encoded, and why.
    """

    x: Array
    filled: Mapping[str, Array]
    ignored: Mapping[str, Array]
    refusals: Sequence[Refusal]

    @property
    def accepted(self) -> Array:
        """Which rows could be encoded, (R,) of bool."""
        accepted = np.ones(len(self.x), bool)
        for refusal in self.refusals:
            accepted[refusal.rows] = False
        return accepted

    def require_all(self) -> None:
        """Raise NnfsError if a row could not be encoded."""
        if self.refusals:
            raise NnfsError(str(self.refusals[0]))


def encode(table: Table, columns: Sequence[Column]) -> Encoded:
    """The features of every row, (R, D): numbers as they are, categories as one-hot numbers.

    Integers keep their type if all columns are integers. A row is refused for an unknown category, a missing
    value without a fill value, or a value that is no usable number.
    """
    numeric = [column for column in columns if not column.categories]
    wrong = [column.name for column in numeric if column.name in table.texts]
    if wrong:
        level = table.texts[wrong[0]].levels[0] if table.texts[wrong[0]].levels else ""
        raise NnfsError(f"{table.source}: column {wrong[0]!r}: must be numbers, found {level!r}")
    where = _as_slice([table.numeric.index(column.name) for column in numeric])
    if len(numeric) == len(columns) and table.numbers.dtype.kind != "f":
        return Encoded(np.array(table.numbers[:, where], order="C"), {}, {}, ())
    starts = np.cumsum([0, *(column.width for column in columns)]).tolist()
    at = {column.name: start for column, start in zip(columns, starts, strict=False)}
    require_memory(8 * len(table) * starts[-1], _in_words(table, starts[-1]), FEWER)
    x = np.empty((len(table), starts[-1]))
    x[:, _as_slice([at[column.name] for column in numeric])] = table.numbers[:, where]
    filled: dict[str, Array] = {}
    ignored: dict[str, Array] = {}
    refusals: list[Refusal] = []
    for column in columns:
        if column.categories:
            here = x[:, at[column.name] : at[column.name] + column.width]
            refusals += _one_hot(table, column, here, filled, ignored)
    if not is_usable(x):
        for column in numeric:
            refusals += _fill_gaps(table, column, x[:, at[column.name]], filled)
    return Encoded(x, filled, ignored, refusals)


def encode_all(
    table: Table, columns: Sequence[Column], count: Callable[[Encoded], None]
) -> tuple[Array, Mapping[str, Array]]:
    """A table of any size, part by part, each of which `count` is shown: the x and the `filled` of `Encoded`.

    NnfsError for the first row that is refused.
    """
    width = sum(column.width for column in columns)
    x, filled, start = Gathered(_in_words(table, width), FEWER), dict[str, Array](), 0
    for part in table.parts(width):
        encoded = encode(part, columns)
        encoded.require_all()
        count(encoded)
        if not start:
            x.expect(encoded.x.nbytes * len(table) // len(part))
        x.add(encoded.x)
        stop = start + len(part)
        for name, rows in encoded.filled.items():
            filled.setdefault(name, np.zeros(len(table), bool))[start:stop] = rows
        start = stop
    return x.whole(), filled


def _in_words(table: Table, width: int) -> str:
    return f"{table.source}: {len(table):,} rows of {width:,} numbers"


def _as_slice(places: list[int]) -> slice | list[int]:
    """Consecutive places as a slice, which copies faster than a list."""
    first = places[0] if places else 0
    consecutive = places == list(range(first, first + len(places)))
    return slice(first, first + len(places)) if consecutive else places


def _refuse(
    table: Table, name: str, rows: Array, wrong: Callable[[int], str], remedy: str
) -> Sequence[Refusal]:
    """A refusal of these rows, (R,) of bool, if there are any; `wrong` says what is wrong in a row."""
    if not rows.any():
        return ()
    first = int(rows.argmax())
    return (Refusal(rows, f"{table.where(first, name)}: {wrong(first)}", remedy),)


def _fill_gaps(table: Table, column: Column, numbers: Array, filled: dict[str, Array]) -> Sequence[Refusal]:
    """Replace missing numbers (R,) by the column's fill value, and note where in `filled`."""
    gaps, misread = np.isnan(numbers), np.zeros(len(numbers), bool)
    refusals: list[Refusal] = []
    if column.name in table.misread:
        codes, levels = table.misread[column.name].codes, table.misread[column.name].levels
        misread = codes != MISSING
        refusals += _refuse(
            table,
            column.name,
            misread,
            lambda row: f"must be a number, found {levels[codes[row]][:40]!r}",
            CORRECT,
        )
    refusals += _fill(table, column, gaps & ~misread, filled)
    numbers[gaps] = 0.0 if column.fill is None else column.fill
    unusable = ~usable(numbers)
    refusals += _refuse(
        table, column.name, unusable, lambda row: f"must be {expected(numbers[row])}", CORRECT
    )
    return refusals


def _fill(table: Table, column: Column, gaps: Array, filled: dict[str, Array]) -> Sequence[Refusal]:
    """Note in `filled` which rows have a gap; without a fill value, refuse them."""
    if column.fill is None:
        why = "a value is missing, and the network was trained without missing values"
        return _refuse(table, column.name, gaps, lambda _: why, FILL)
    if gaps.any():
        filled[column.name] = gaps
    return ()


def _one_hot(
    table: Table, column: Column, x: Array, filled: dict[str, Array], ignored: dict[str, Array]
) -> Sequence[Refusal]:
    """Write one-hot rows into x (R, K): a 1 at each row's category, else 0."""
    codes, levels = _codes_and_levels(table, column)
    place = {category: k for k, category in enumerate(column.categories)}
    fill = MISSING if column.fill is None else place[str(column.fill)]
    renumbered = np.array([*(place.get(level, MISSING) for level in levels), fill])
    np.equal(np.arange(len(column.categories)), renumbered[codes][:, None], out=x, casting="unsafe")
    gaps = codes == MISSING
    refusals = [*_fill(table, column, gaps, filled)]
    unknown = ~gaps & (renumbered[codes] == MISSING)
    if not column.ignore_unknown:
        refusals += _refuse(
            table,
            column.name,
            unknown,
            lambda row: (
                f"{levels[codes[row]]!r} is none of the categories trained on"
                f"{did_you_mean(levels[codes[row]], column.categories)}"
            ),
            IGNORE,
        )
    elif unknown.any():
        ignored[column.name] = unknown
    return refusals


def _codes_and_levels(table: Table, column: Column) -> tuple[Array, tuple[str, ...]]:
    """The codes and levels of a column of categories, even if all its texts in this file are numbers."""
    if column.name in table.texts:
        return table.texts[column.name].codes, table.texts[column.name].levels
    numbers = table.number(column.name)
    values, codes = np.unique(numbers, return_inverse=True)  # what is missing comes last, as one value
    codes[np.isnan(numbers)] = MISSING
    return codes, tuple(map(spell, values.tolist()))
