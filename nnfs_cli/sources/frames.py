"""From pandas' frames to tables: which columns are numbers, and which are texts."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.spellings import EXACT, NumberSpelling, as_numbers, is_exact, is_plain, spell
from nnfs_cli.sources.table import Table, Texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ColumnKinds:
    """What the columns of a table are to be.

    texts: texts, as the file spells them.
    labels: numbers if all are plainly spelled, else texts: 007 and 7 differ, as labels do.
    spelled: read as texts, and then as any other column.
    numbers: numbers, and all columns that are not listed here or in `labels` texts. If it is None, a column
        is of numbers if all its values are numbers that float64 holds exactly.
    id_column: kept as the file spells it, besides.
    keep_misread: whether texts among numbers are kept in `Table.misread`; or they are an error.
    """

    texts: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    spelled: frozenset[str] = frozenset()
    numbers: frozenset[str] | None = None
    id_column: str = ""
    keep_misread: bool = False

    def texts_among(self, names: Collection[str]) -> set[str]:
        others = set() if self.numbers is None else set(names) - self.numbers - self.labels
        return (set(names) & self.texts) | others

    def accepted(self, name: str) -> Callable[[str], bool]:
        """Whether a column that is no text may hold a number of this standard spelling."""
        forced = self.numbers is not None and name in self.numbers
        plain = name in self.labels
        return lambda number: forced or (is_exact(number) and (not plain or is_plain(number)))


class TextInNumbersError(NnfsError):
    """Some columns, `names`, were taken for numbers but hold texts; the message shows one of these."""

    def __init__(self, source: str, names: Collection[str], row: int, name: str, value: object) -> None:
        self.names = frozenset(names)
        super().__init__(f"{source}: row {row}, column {name!r}: must be a number, found {str(value)[:40]!r}")


def as_table(
    frame: "pd.DataFrame",
    ids: tuple[str, ...],
    source: str,
    spelling: NumberSpelling,
    kinds: ColumnKinds,
    start: int,
) -> Table:
    """A frame's rows. TextInNumbersError for texts in a column of numbers, unless `kinds` keeps them."""
    import pandas as pd

    names = tuple(frame.columns)
    texts: dict[str, Texts] = {}
    misread: dict[str, Texts] = {}
    numbers: dict[str, Array] = {}
    nested, misfits = [], {}
    made_of_texts = kinds.labels | kinds.spelled | (kinds.numbers or set())
    if spelling.dialect.thousands:
        made_of_texts = frozenset(names)
    for name in _without_numbers(frame, kinds):
        column = frame[name]
        if column.dtype == object and not all(isinstance(value, Hashable) for value in column):
            nested.append(name)
        elif name in kinds.texts_among(names):
            texts[name] = _as_texts(column)
        else:
            numbers[name], bad = as_numbers(column, spelling, kinds.accepted(name))
            if kinds.keep_misread and bad.any():
                misread[name] = _as_texts(column.where(bad))
                numbers[name] = np.where(bad, np.nan, numbers[name])
            elif bad.any() or (name not in made_of_texts and not kinds.keep_misread and _is_of_texts(column)):
                misfits[name] = int(bad.argmax())
    if misfits:
        name = next((name for name in misfits if name in (kinds.numbers or ())), next(iter(misfits)))
        row = misfits[name]
        raise TextInNumbersError(source, misfits, start + row + 1, name, frame[name].iloc[row])
    numeric = tuple(name for name in names if name not in texts and name not in nested)
    if numbers:
        frame = pd.DataFrame({name: numbers[name] if name in numbers else frame[name] for name in numeric})
    elif numeric != names:
        frame = frame[list(numeric)]
    if any(not isinstance(dtype, np.dtype) for dtype in frame.dtypes):  # pandas' own, with missing values
        frame = frame.astype(np.float64)
    return Table(
        source,
        names,
        numeric,
        _smallest(frame.to_numpy()),
        texts,
        start,
        nested=tuple(nested),
        misread=misread,
        ids=ids,
    )


def _without_numbers(frame: "pd.DataFrame", kinds: ColumnKinds) -> list[str]:
    """The columns that are not to be taken as the numbers that they are, or are none."""
    texts = kinds.texts_among(frame.columns)
    types = dict(zip(frame.columns, frame.dtypes, strict=True))
    odd = {name for name, dtype in types.items() if dtype.kind not in "iuf" or name in texts}
    whole = [name for name, dtype in types.items() if dtype.kind in "iu" and name not in odd]
    if whole and kinds.numbers is None:  # integers that float64 may round are names
        integers = frame if len(whole) == len(types) else frame[whole]
        ranges = zip(whole, integers.min(), integers.max(), strict=True)
        odd |= {name for name, low, high in ranges if high == high and max(-int(low), int(high)) >= EXACT}
    return [name for name in types if name in odd]


def _is_of_texts(column: "pd.Series[Any]") -> bool:
    return isinstance(next(iter(column.dropna()), None), str)


def _as_texts(column: "pd.Series[Any]") -> Texts:
    import pandas as pd

    codes, levels = pd.factorize(column)
    return Texts(codes.astype(np.int32), tuple(spell(level) for level in levels))


def _smallest(numbers: Array) -> Array:
    """Integers as uint8 or int32 if they fit; everything else as float64."""
    if numbers.dtype.kind in "iu" and numbers.size:
        low, high = numbers.min(), numbers.max()
        for dtype in (np.uint8, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return numbers.astype(dtype)
    return numbers.astype(np.float64)
