"""The rows of epochs.csv and steps.csv, read line by line: a long training has millions of them."""

import csv
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError

AT_ONCE = 2**16


class RecordedRows:
    """The rows that a training recorded in a CSV file; those that are not written completely are left out.

    NnfsError if the header is damaged, or if a value is no number.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            try:
                self.header = next(csv.reader([lines.readline()]), [])
            except csv.Error as error:
                raise NnfsError(f"{file}: damaged: {error}") from None
        if self.header:
            self._refuse_without("step")

    @cached_property
    def count(self) -> int:
        """The number of rows."""
        return sum(1 for _ in self._lines())

    def columns(self, only: Collection[str] | None = None) -> dict[str, Array]:
        """The columns (n,), all or `only` some, as float64; {} if there are no rows."""
        return self._parsed(self._lines(), only)

    def spread(self, most: int) -> dict[str, Array]:
        """The columns of at most so many rows, evenly spaced, the first and the last among them."""
        rows = self.count
        kept = set(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.intp).tolist())
        return self._parsed((line for i, line in enumerate(self._lines()) if i in kept), None)

    def blocks(self, only: Collection[str], size: int = AT_ONCE) -> Iterator[dict[str, Array]]:
        """The columns of `size` rows after the other; the last block may have fewer."""
        lines = self._lines()
        while block := self._parsed(islice(lines, size), only):
            yield block

    def _lines(self) -> Iterator[str]:
        commas = len(self.header) - 1
        with self._file.open(encoding="utf-8", errors="replace", newline="") as lines:
            next(lines, "")
            for line in lines:
                if line.endswith("\n") and line.count(",") == commas:
                    yield line

    def _parsed(self, lines: Iterable[str], only: Collection[str] | None) -> dict[str, Array]:
        lines = iter(lines)
        first = next(lines, None)
        if first is None:
            return {}
        for name in only or ():
            self._refuse_without(name)
        kept = [i for i, name in enumerate(self.header) if only is None or name in only]
        try:
            columns = np.loadtxt(
                chain([first], lines), delimiter=",", comments=None, usecols=kept, unpack=True, ndmin=2
            )
        except ValueError as error:
            raise NnfsError(f"{self._file}: {error}") from None
        return dict(zip([self.header[i] for i in kept], columns, strict=True))

    def _refuse_without(self, name: str) -> None:
        if name not in self.header:
            raise NnfsError(f"{self._file}: damaged: its first row names no column {name!r}")
