"""A table in memory: its numbers in one matrix, its texts as integer codes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices, slices
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.sources.gathered import NUMBERS, Gathered

MISSING = -1
"""The code of a missing text."""

LeaveOut: TypeAlias = Callable[[Sequence[str]], str]
"""Says in words how to leave columns out of the features."""


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of texts. codes (R,): each row's index into `levels`, or MISSING."""

    codes: Array
    levels: tuple[str, ...]

    def take(self, rows: Array) -> "Texts":
        """Only these rows, and only the levels that they have."""
        used, codes = np.unique(np.append(self.codes[rows], MISSING), return_inverse=True)
        levels = tuple(self.levels[code] for code in used[1:])  # the first is MISSING
        return Texts((codes[:-1] - 1).astype(np.int32), levels)

    @cached_property
    def counts(self) -> Array:
        """How many rows have each level."""
        return np.bincount(self.codes + 1, minlength=len(self.levels) + 1)[1:]  # the first is MISSING

    def present(self) -> list[str]:
        """The levels that some row has, sorted."""
        return sorted(level for level, count in zip(self.levels, self.counts, strict=True) if count)


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, from one or more files.

    source: what messages call it.
    names: all columns in the order of the file.
    numeric: the columns of `numbers`.
    numbers: (R, P), of the smallest type that holds them all; not-a-number for a missing one.
    texts: the other columns.
    start: how many rows of its source come before it.
    kept: the places of its rows among all rows that were read (R,), if some were left out.
    nested: columns of lists and other values that are neither numbers nor texts.
    misread: for each column of `numbers` that holds texts, these texts; such a row's number is missing.
    ids: the texts of the id column, if one was asked for.
    note: a sentence on how it was read, or an empty text.
    """

    source: str
    names: tuple[str, ...]
    numeric: tuple[str, ...]
    numbers: Array
    texts: Mapping[str, Texts]
    start: int = 0
    kept: Array | None = None
    nested: tuple[str, ...] = ()
    misread: Mapping[str, Texts] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def size(self) -> int:
        """The bytes of its numbers and texts."""
        texts = self.texts.values()
        return self.numbers.nbytes + sum(each.codes.nbytes + sum(map(len, each.levels)) for each in texts)

    def require(self, names: tuple[str, ...], option: str) -> None:
        """Raise NnfsError, with the nearest names, unless all these columns exist."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            headless = (
                "" if not all(map(is_number, self.names)) else "; does its first line name the columns?"
            )
            raise NnfsError(
                "\n  ".join(
                    f"{option}: no column {name!r} in {self.source}{did_you_mean(name, self.names)}{headless}"
                    for name in unknown
                )
            )

    def refuse_nested(self, names: Collection[str], leave_out: LeaveOut | None = None) -> None:
        """Raise NnfsError if one of these columns holds neither numbers nor texts."""
        nested = [name for name in names if name in self.nested]
        if nested:
            remedy = f"; {leave_out(nested)}" if leave_out else ""
            raise NnfsError(
                f"{self.source}: column {nested[0]!r} holds lists or other nested values, not numbers "
                f"or texts{remedy}"
            )

    def number(self, name: str) -> Array:
        """One column of numbers (R,)."""
        return np.asarray(self.numbers[:, self.numeric.index(name)])

    def missing(self, name: str) -> Array:
        """Which rows lack a value in a column, (R,) of bool."""
        if name in self.texts:
            return np.asarray(self.texts[name].codes == MISSING)
        return np.isnan(self.number(name)) if self.numbers.dtype.kind == "f" else np.zeros(len(self), bool)

    def missing_counts(self) -> Mapping[str, int]:
        """How many rows lack a value in each column."""
        return self._missing_counts

    @cached_property
    def _missing_counts(self) -> Mapping[str, int]:
        counts = np.zeros(len(self.numeric), int)
        if self.numbers.dtype.kind == "f":
            for here in row_slices(self.numbers, len(self)):
                counts += np.isnan(self.numbers[here]).sum(axis=0)
        found = dict(zip(self.numeric, counts.tolist(), strict=True))
        found |= {name: int((column.codes == MISSING).sum()) for name, column in self.texts.items()}
        return {name: found[name] for name in self.names if name in found}

    def distinct(self, name: str) -> int:
        """How many different values a column has, apart from missing ones."""
        if name in self.texts:
            return len(self.texts[name].present())
        column = self.number(name)
        return len(np.unique(column[~self.missing(name)]))

    def take(self, rows: Array) -> "Table":
        """Only these rows."""
        texts = {name: column.take(rows) for name, column in self.texts.items()}
        kept = rows if self.kept is None else self.kept[rows]
        numbers = Gathered(f"{self.source}: the table", "take fewer rows")
        for here in row_slices(self.numbers, len(rows), NUMBERS):
            numbers.add(self.numbers[rows[here]])
        return replace(self, numbers=numbers.whole(), texts=texts, kept=kept)

    def parts(self, width: int) -> Iterator["Table"]:
        """Its rows in parts, few enough that `width` numbers for each of them take little memory."""
        for here in slices(len(self), max(NUMBERS // max(width, 1), 1)):
            texts, misread = (
                {name: Texts(column.codes[here], column.levels) for name, column in columns.items()}
                for columns in (self.texts, self.misread)
            )
            kept, start = (
                (None, self.start + here.start) if self.kept is None else (self.kept[here], self.start)
            )
            yield replace(
                self,
                numbers=self.numbers[here],
                texts=texts,
                misread=misread,
                start=start,
                kept=kept,
                ids=self.ids[here],
            )

    def where(self, row: int, name: str) -> str:
        """A place in words, for messages; the row below the header is row 1."""
        row = row if self.kept is None else int(self.kept[row])
        return f"{self.source}: row {self.start + row + 1}, column {name!r}"


def is_number(text: str) -> bool:
    """Whether a text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
