"""Columns of texts that look like numbers, or like gaps."""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.dialect import GAPS, Dialect
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.spellings import NumberSpelling, is_exact
from nnfs_cli.sources.table import LeaveOut, Table, Texts
from nnfs_cli.sources.table_reader import read_table

SEPARATORS = (
    *("", ",", ".", " ", "'", "_"),
    *("\N{RIGHT SINGLE QUOTATION MARK}", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"),
)
"""What people write between groups of digits."""
BEHIND_OR_AROUND = re.compile(r"\(([^-+()]+)\)|([^-+]+)-")
"""How accounts write a negative number: (500), or 500-."""
UNIT = re.compile(r"\s*[+-]?[0-9][0-9.,]*\s*([^\W\d_][^\d]*)")
"""A number, and a unit behind it."""
BYTE_ORDER_MARK = "\ufeff"
MOST_LEVELS = 1000
"""Other spellings are looked for among the first different texts of a column, at most so many."""


def refuse_lookalikes(
    table: Table, names: Iterable[str], targets: Collection[str], dialect: Dialect, leave_out: LeaveOut
) -> None:
    """Raise NnfsError, with what helps, for a column of texts that look like numbers in most of its rows.

    Targets may be numbers that are spelled as names, such as 007.
    """
    for name, (text, told) in lookalikes(table, names, targets, dialect, leave_out).items():
        row = int(np.argmax(table.texts[name].codes == table.texts[name].levels.index(text)))
        raise NnfsError(
            f"{table.where(row, name)}: {told}, or list {name!r} under `categorical` if its values are names"
        )


def lookalikes(
    table: Table, names: Iterable[str], targets: Collection[str], dialect: Dialect, leave_out: LeaveOut
) -> dict[str, tuple[str, str]]:
    """The columns of texts that look like numbers: for each such a text, and what to do about it."""
    columns = {name: table.texts[name] for name in names if name in table.texts and table.texts[name].levels}
    found = {
        name: _lookalike(column, dialect, leave_out([name]), may_be_names=name in targets)
        for name, column in columns.items()
    }
    return {name: problem for name, problem in found.items() if problem is not None}


def only_reading(table: Table, dialect: Dialect) -> Dialect | None:
    """The one other spelling that makes numbers of a column of texts, if there is exactly one."""
    ways = (_ways(column, dialect) for column in table.texts.values() if column.levels)
    return next((way[0] for way in ways if len(way) == 1), None)


def text_notes(table: Table, names: Iterable[str], dialect: Dialect) -> list[str]:
    """Sentences on texts that may not be meant as they stand: ? for a gap, or Rome with a blank after it."""
    notes = []
    for name in names:
        levels = table.texts[name].present() if name in table.texts else []
        twins = [level for level in levels if level != level.strip() and level.strip() in levels]
        if twins:
            notes.append(f"column {name!r}: {twins[0].strip()!r} and {twins[0]!r} differ only in blanks")
        units = {unit[1].strip() if (unit := UNIT.fullmatch(level)) else "" for level in levels}
        if len(levels) > 2 and len(units) == 1 and "" not in units:
            notes.append(
                f"column {name!r}: {levels[0]!r} is a category as it stands; for a number, write it without "
                f"the unit {units.pop()!r}"
            )
        signs = [level for level in levels if level.isascii() and not any(map(str.isalnum, level))]
        if len(signs) == 1 and len(levels) > 1:
            notes.append(
                f"column {name!r}: {signs[0]!r} is a category of its own; if it stands for a missing value, "
                f"set {_with_gaps(signs, dialect)}"
            )
    return notes


def written_gaps(paths: Sequence[Path], table: Table, names: Iterable[str], dialect: Dialect) -> str:
    """Advice for gaps in columns of texts that may be values, such as None; the files are read again."""
    gaps = [name for name in names if name in table.texts and table.missing(name).any()]
    if not gaps or not paths:
        return ""
    kinds = ColumnKinds(texts=frozenset(table.names))
    levels = read_table(paths, replace(dialect, na_values=()), kinds).texts
    found = sorted({level for name in gaps for level in levels[name].levels} & set(dialect.na_values))
    if not found:
        return ""
    return (
        f"; found {', '.join(map(repr, found))} there: if that is a value, set `na_values` to the texts that "
        f"are none, or to [] if only empty ones are"
    )


def _with_gaps(texts: list[str], dialect: Dialect) -> str:
    """The option that makes these texts gaps besides those that the user listed."""
    own = () if dialect.na_values == GAPS else dialect.na_values
    shown = all(map(str.isprintable, texts))
    return f"`na_values: {json.dumps([*own, *texts], ensure_ascii=not shown)}`"


def _lookalike(column: Texts, dialect: Dialect, leave_out: str, may_be_names: bool) -> tuple[str, str] | None:
    """A text that should be a number, and what to do about it; None if there is none."""
    own = NumberSpelling(dialect)
    others = [level for level in column.levels if own.standard(level) is None]
    if not others:
        return None if may_be_names else _number_as_text(column, leave_out)
    if ways := _ways(column, dialect):
        text = next(level for level in others if NumberSpelling(ways[0]).standard(level) is not None)
        return text, f"{text!r} looks like a number; {_advice(text, ways, dialect)}"
    signed = _without_signs(others[:MOST_LEVELS], [dialect, *_other_readings(dialect)])
    if 2 * len(signed) > len(others[:MOST_LEVELS]):
        text, number = next(iter(signed.items()))
        return text, f"{text!r} looks like a number with a sign; write numbers alone, such as {number}"
    share, different = _share(column, own), 1 - len(others) / len(column.levels)
    if share < 0.5 and different < 0.9:
        return None
    if marked := next((each for each in others if BYTE_ORDER_MARK in each), None):
        return marked, f"{marked!r} has a byte order mark, as where files were joined; delete it"
    most = f"{share:.1%} of the column's" if share >= 0.5 else f"{different:.1%} of the column's different"
    told = f"{others[0]!r} is not a number, but {most} values are; correct it"
    if len(others) <= 3:
        told += f", or set {_with_gaps(others, dialect)} if it stands for a missing value"
    return others[0], told


def _ways(column: Texts, dialect: Dialect) -> list[Dialect]:
    """The readings, with the fewest changes, by which more of a column's texts are numbers, and most are."""
    some = Texts(column.codes[column.codes < MOST_LEVELS], column.levels[:MOST_LEVELS])
    shares = {reading: _share(some, NumberSpelling(reading)) for reading in _other_readings(dialect)}
    best = max(shares.values())
    if best < 0.5 or best <= _share(column, NumberSpelling(dialect)):
        return []
    ways = [reading for reading in shares if shares[reading] == best]
    return [way for way in ways if len(_changes(way, dialect)) == len(_changes(ways[0], dialect))]


def _share(column: Texts, spelling: NumberSpelling) -> float:
    """The share of a column's rows that hold numbers, gaps aside."""
    numbers = np.array([spelling.standard(level) is not None for level in column.levels], bool)
    return float(column.counts[numbers].sum() / column.counts.sum()) if column.counts.any() else 0.0


def _number_as_text(column: Texts, leave_out: str) -> tuple[str, str]:
    big = next((level for level in column.levels if not is_exact(level)), None)
    if big is None:
        return column.levels[0], f"numbers that are stored as texts; store them as numbers, {leave_out}"
    told = f"{big[:40]} is beyond 2^53, and float64 would round it; use a larger unit, {leave_out}"
    return big, told


def _other_readings(dialect: Dialect) -> list[Dialect]:
    """The dialect with other spellings of numbers, those with the fewest changes first."""
    pairs = [(point, mark) for point in ".," for mark in SEPARATORS if mark != point]
    readings = [replace(dialect, decimal=point, thousands=mark) for point, mark in pairs]
    return sorted((way for way in readings if way != dialect), key=lambda way: len(_changes(way, dialect)))


def _changes(reading: Dialect, dialect: Dialect) -> list[str]:
    """The options that make one dialect the other."""
    options = ("decimal", "thousands")
    changed = [option for option in options if getattr(reading, option) != getattr(dialect, option)]
    marks = {option: getattr(reading, option) for option in changed}
    return [
        f"{option}: {json.dumps(mark, ensure_ascii=not mark.isprintable())}" for option, mark in marks.items()
    ]


def _advice(text: str, ways: list[Dialect], dialect: Dialect) -> str:
    """`set `decimal: ","` (then it is 5.5)`, for the first ways."""
    told = (
        f"`{', '.join(_changes(way, dialect))}` (then it is {NumberSpelling(way).standard(text)})"
        for way in ways[:2]
    )
    return f"set {' or '.join(told)}"


def _without_signs(texts: Iterable[str], readings: list[Dialect]) -> dict[str, str]:
    """The texts that are numbers but for signs; and the numbers.

    Signs are a long minus, one behind the number, parentheses for it, and those of percent and currencies.
    """
    numbers = {}
    for given in texts:
        text = given.replace("\N{MINUS SIGN}", "-")
        signs = {c for c in text if c in "%‰" or unicodedata.category(c) == "Sc"}
        bare = "".join(c for c in text if c not in signs).strip()
        if negative := BEHIND_OR_AROUND.fullmatch(bare):
            bare = f"-{(negative[1] or negative[2]).strip()}"
        spelled = (NumberSpelling(reading).standard(bare) for reading in readings)
        number = next((number for number in spelled if number is not None), None)
        if number is not None and bare != given.strip():
            numbers[given] = number
    return numbers
