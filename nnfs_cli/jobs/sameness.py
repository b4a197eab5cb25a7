"""Whether two trainings left the same bytes, and where they first differ."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from nnfs_cli.config.flat import flat_options
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DamageError, counted
from nnfs_cli.runs.directory import RunDirectory

TIMES = {"seconds"}
"""Columns that differ between any two trainings."""
ROW = list[str]
MOST_LETTERS = 80
"""Of a value that is told."""
NO_FILE = "no such file"


@dataclass(frozen=True)
class Difference:
    """The first difference in a file.

    where: as `step 7, loss`, or an array's name; empty for the whole file.
    before, again: the values, or what else differs.
    size: the largest absolute difference of two numbers there; None where there are no two numbers.
    epoch: in which it is; None in an array.
    """

    file: str
    where: str
    before: str
    again: str
    size: float | None = None
    epoch: int | None = None

    def __str__(self) -> str:
        by = f", by {self.size:.2g}" if self.size is not None else ""
        place = ", ".join(filter(None, (self.file, self.where)))
        return f"{place}: {self.before} -> {self.again}{by}"


@dataclass(frozen=True)
class Compared:
    """A file of both trainings. `difference` is None if it is the same; `what` was compared, as `12 rows`."""

    file: str
    what: str
    difference: Difference | None = None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        same = self.difference is None
        return {
            "file": self.file,
            "compared": self.what,
            "same": same,
            **({} if self.difference is None else {"difference": vars(self.difference)}),
        }


def missing_file(name: str, *, before: bool) -> Compared:
    """A file that only one of both trainings has: the earlier one lacks it, or the later one does."""
    told = (NO_FILE, "a file") if before else ("a file", NO_FILE)
    return Compared(name, "", Difference(name, "", *told))


def compare_preparation(run: RunDirectory, again: RunDirectory) -> Compared:
    """Compare how the data of both trainings were prepared."""
    name = "preparation.json"
    old, new = (dict(flat_options(each.preparation().record())) for each in (run, again))
    first = next((key for key in {**old, **new} if old.get(key) != new.get(key)), None)
    difference = None
    if first is not None:
        difference = Difference(name, first, _short(str(old.get(first))), _short(str(new.get(first))))
    return Compared(name, counted(len(old), "value"), difference)


def compare_rows(run: RunDirectory, again: RunDirectory, name: str, *, is_ended: bool) -> Compared:
    """Compare epochs.csv or steps.csv, line by line, but for the time.

    is_ended: whether the run ended, so that its rows are all that belong to it. Else it may have more.
    DamageError if the file is none of CSV.
    """
    try:
        return _compared_rows(run, again, name, is_ended=is_ended)
    except csv.Error as error:
        raise DamageError(f"{run.path / name}: damaged: {error}") from None


def _compared_rows(run: RunDirectory, again: RunDirectory, name: str, *, is_ended: bool) -> Compared:
    rows, difference = 0, None
    with _opened(run.path / name) as ours, _opened(again.path / name) as theirs:
        before, after = csv.reader(ours), csv.reader(theirs)
        header: ROW = next(before, [])
        if header != (new := next(after, [])):
            difference = Difference(name, "columns", _short(",".join(header)), _short(",".join(new)), epoch=0)
            return Compared(name, "columns", difference)
        for old, row in zip_longest(before, after):
            if row is None and not is_ended:
                break
            difference = _in_row(name, header, old, row)
            if difference:
                break
            rows += 1
    return Compared(name, f"{counted(rows, 'row')}{' before it' if difference else ''}", difference)


def compare_arrays(name: str, before: Mapping[str, Array], again: Mapping[str, Array]) -> Compared:
    """Compare the arrays of an .npz file."""
    found = (_in_array(name, key, before.get(key), again.get(key)) for key in {**before, **again})
    return Compared(name, counted(len(before), "array"), next(filter(None, found), None))


def earliest(compared: list[Compared]) -> Difference | None:
    """The difference that comes first in training: a step's, in its epoch, before that of the epoch's end."""
    found = [each.difference for each in compared if each.difference]
    in_time = [each for each in found if each.epoch is not None]
    by_time = min(in_time, key=lambda each: (each.epoch, each.file != "steps.csv"), default=None)
    return by_time or next(iter(found), None)


def _opened(file: Path) -> TextIO:
    return file.open(encoding="utf-8", errors="replace", newline="")


def _in_row(name: str, header: ROW, old: ROW | None, new: ROW | None) -> Difference | None:
    """The first difference in a row; None stands for a row that is not there."""
    kind, there = header[0] if header else "row", old or new or []
    place, epoch = _short(f"{kind} {there[0] if there else ''}"), _epoch(header, there)
    if old is None or new is None:
        missing, present = "no such row", "a row"
        before, after = (missing, present) if old is None else (present, missing)
        return Difference(name, place, before, after, epoch=epoch)
    for column, a, b in zip_longest(header, old, new, fillvalue=""):
        if a != b and column not in TIMES:
            return Difference(name, f"{place}, {column}", _short(a), _short(b), _distance(a, b), epoch)
    return None


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."


def _epoch(header: ROW, row: ROW) -> int:
    try:
        return int(row[header.index("epoch")])
    except (ValueError, IndexError):  # a header of someone else's
        return 0


def _distance(a: str, b: str) -> float | None:
    try:
        distance = abs(float(a) - float(b))
    except ValueError:
        return None
    return distance if np.isfinite(distance) else None


def _in_array(file: str, name: str, old: Array | None, new: Array | None) -> Difference | None:
    if old is None or new is None:
        missing, present = "no such array", "an array"
        return Difference(file, name, *((missing, present) if old is None else (present, missing)))
    if (old.shape, old.dtype) != (new.shape, new.dtype):
        return Difference(file, name, f"{old.dtype} {old.shape}", f"{new.dtype} {new.shape}")
    if old.tobytes() == new.tobytes():
        return None
    differ = (old != new) & ~((old != old) & (new != new))  # not-a-number is unequal to itself
    first = np.flatnonzero(differ)[:1]
    if not first.size:  # but its bytes differ: signs of zeros, kinds of not-a-number
        return Difference(file, name, "bytes", "other bytes of equal values")
    a, b = old.reshape(-1)[first[0]], new.reshape(-1)[first[0]]
    size = None
    if old.dtype.kind in "iuf":
        with np.errstate(all="ignore"):
            distances = np.abs(old.astype(np.float64) - new.astype(np.float64))
        finite = distances[np.isfinite(distances)]
        size = float(finite.max()) if finite.size else None
    count = int(np.count_nonzero(differ))
    return Difference(
        file, f"{name}, {count:,} of {old.size:,} values, the first", _short(str(a)), _short(str(b)), size
    )
