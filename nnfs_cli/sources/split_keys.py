"""A table's column that says how rows are split: by group, or by time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, counted
from nnfs_cli.sources.spellings import INTEGER, spell
from nnfs_cli.sources.table import Table

Kind: TypeAlias = Literal["group", "time"]

WHY = {
    "group": "a row must have its group, since groups stay whole",
    "time": "a row must have its time, since time orders the splits",
}


@dataclass(frozen=True, eq=False)
class SplitKey:
    """The group or the time of each row. codes (R,): times in order; values: what each code stands for."""

    kind: Kind
    name: str
    codes: Array
    values: Sequence[object]

    def note(self, parts: Mapping[str, Array]) -> str:
        """A sentence on the rows of each split, which `parts` has by its name."""
        said = []
        for name, rows in parts.items():
            codes = self.codes[rows]
            if self.kind == "group":
                groups = counted(len(np.unique(codes)), "group")
                said.append(f"{name} has {counted(len(rows), 'row')} of {groups}")
            else:
                first, last = (spell(self.values[code]) for code in (codes.min(), codes.max()))
                said.append(f"{name} has {counted(len(rows), 'row')} from {first} to {last}")
        how = "rows of the same {!r} stay together" if self.kind == "group" else "split by the times in {!r}"
        return f"{how.format(self.name)}: {', '.join(said)}"


def check_keys(group: str, time: str, targets: Collection[str]) -> dict[str, tuple[bool, str]]:
    """For `check_options`: whether rows can be split by these columns."""
    return {
        "group": (not group or group not in targets, "no target"),
        "time": (
            not time or (time not in targets and not group),
            "no target, and empty where `group` is set: rows are split by groups or by time",
        ),
    }


def keys_of(group: str, time: str) -> dict[Kind, str]:
    """The columns by which rows are split, from the options that name them."""
    keys: dict[Kind, str] = {"group": group, "time": time}
    return {kind: name for kind, name in keys.items() if name}


def require_keys(table: Table, keys: Mapping[Kind, str]) -> None:
    """Raise NnfsError, with the nearest name, unless these columns exist and hold numbers or texts."""
    for kind, name in keys.items():
        table.require((name,), f"dataset.{kind}")
        table.refuse_nested((name,))


def split_key(table: Table, kind: Kind, name: str) -> SplitKey:
    """The key in a table's column. NnfsError for a gap, or for a time that is neither number nor ISO date."""
    lacking = int(table.missing(name).sum())
    if lacking:
        raise NnfsError(
            f"dataset.{kind}: {table.source}: missing values in {name} ({lacking:,}); {WHY[kind]}; "
            f"`missing: drop` leaves such rows out"
        )
    if name not in table.texts:
        values, codes = np.unique(table.number(name), return_inverse=True)
        return SplitKey(kind, name, codes, values.tolist())
    column = table.texts[name]
    if kind == "group":
        return SplitKey(kind, name, column.codes, column.levels)
    moments = [_moment(level) for level in column.levels]
    kinds = {type(moment) for moment in moments}
    if None in moments or len(kinds) > 1:
        odd = moments.index(None) if None in moments else [type(each) for each in moments].index(int)
        row = int((column.codes == odd).argmax())
        raise NnfsError(
            f"{table.where(row, name)}: must be a number, or a date or time in ISO form such as "
            f"2017-03-10 or 2017-03-10 08:30, as the others in this column; found {column.levels[odd][:40]!r}"
        )
    ordered = sorted(set(moments))  # type: ignore[type-var]  # all of one type, and none is None
    place = {moment: code for code, moment in enumerate(ordered)}
    levels = dict(zip(moments, column.levels, strict=True))
    codes = np.array([place[moment] for moment in moments], np.intp)[column.codes]
    return SplitKey(kind, name, codes, [levels[moment] for moment in ordered])


def _moment(text: str) -> int | datetime | None:
    """A text as a whole number, or as a moment; None for any other text. Without a zone, UTC is meant."""
    text = text.strip()
    if INTEGER.fullmatch(text):
        return int(text)
    for form in (text, f"{text}-01"):  # 2017-03 is a month
        try:
            moment = datetime.fromisoformat(form)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
