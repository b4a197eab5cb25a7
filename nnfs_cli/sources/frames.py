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
    spelled: read as texts first, and then as any other column.
    numbers: numbers, and all columns that are not listed here or in `labels` texts. If it is None, a column
        is of numbers if all its values are numbers that float64 holds exactly.
    id_column: kept as the file spells it, besides.
    keep_misread: whether all other columns are of numbers, whatever their size, and texts among them are kept
        in `Table.misread`; or they are an error.
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
        forced = self.keep_misread or name in (self.numbers or ())
        plain = name in self.labels
        return lambda number: forced or (is_exact(number) and (not plain or is_plain(number)))


class TextInNumbersError(NnfsError):
    """Some columns, `names`, were taken for numbers but hold texts; the message shows one of these."""

    def __init__(self, source: str, names: Collection[str], row: int, name: str, value: object) -> None:
        self.names = frozenset(names)
        super().__init__(f"{source}: row {row}, column {name!r}: must be a number, found {str(value)[:40]!r}")


class RespelledError(NnfsError):
    """Some columns, `names`, hold numbers whose spelling decides what they are, and must be read as texts."""

    def __init__(self, source: str, names: Collection[str]) -> None:
        self.names = frozenset(names)
        super().__init__(f"{source}: numbers of 2^53 and beyond in {', '.join(names)}")


def as_table(
    frame: "pd.DataFrame",
    ids: tuple[str, ...],
    source: str,
    spelling: NumberSpelling,
    kinds: ColumnKinds,
    start: int,
) -> Table:
    """A frame's rows. TextInNumbersError for texts in a column of numbers, unless `kinds` keeps them."""
    names = tuple(frame.columns)
    texts: dict[str, Texts] = {}
    misread: dict[str, Texts] = {}
    numbers: dict[str, Array] = {}
    nested, misfits = [], {}
    made_of_texts = kinds.spelled | (kinds.numbers or set())
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
    if numbers:
        frame = frame.copy(deep=False)
        for name, values in numbers.items():
            frame[name] = values
    numeric = tuple(name for name in names if name not in texts and name not in nested)
    if numeric != names:
        frame = frame[list(numeric)]
    if any(not isinstance(dtype, np.dtype) for dtype in frame.dtypes):  # pandas' own, with missing values
        frame = frame.astype(np.float64)
    matrix = frame.to_numpy()
    reductions = (np.fmin, np.fmax) if matrix.size else ()
    low, high = [float(least.reduce(matrix, axis=None)) for least in reductions] or (0.0, 0.0)
    doubtful = set(_doubtful_labels(matrix, numeric, kinds.labels))
    if kinds.numbers is None and not kinds.keep_misread and max(-low, high) >= EXACT:
        sizes = np.fmax.reduce(np.abs(matrix.astype(np.float64)))
        doubtful |= {name for name, size in zip(numeric, sizes, strict=True) if size >= EXACT}
    if not doubtful <= kinds.spelled:
        raise RespelledError(source, doubtful)
    return Table(
        source,
        names,
        numeric,
        _smallest(matrix, low, high),
        texts,
        start,
        nested=tuple(nested),
        misread=misread,
        ids=ids,
    )


def _doubtful_labels(matrix: Array, numeric: tuple[str, ...], labels: Collection[str]) -> list[str]:
    """The labels that are whole numbers, and so may be spelled as names."""
    columns = {name: matrix[:, numeric.index(name)] for name in labels if name in numeric}
    return [name for name, x in columns.items() if np.all((x == np.floor(x)) | np.isnan(x))]


def _without_numbers(frame: "pd.DataFrame", kinds: ColumnKinds) -> list[str]:
    """The columns that are to be texts, or that are to be made numbers from what they hold.

    Integers of up to 32 bits are exact, and are spelled in one way.
    """
    texts = kinds.texts_among(frame.columns)
    return [
        name
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
        if name in texts
        or dtype.kind not in "iuf"
        or (dtype.kind in "iu" and dtype.itemsize > 4 and name in kinds.spelled)
    ]


def _is_of_texts(column: "pd.Series[Any]") -> bool:
    return isinstance(next(iter(column.dropna()), None), str)


def _as_texts(column: "pd.Series[Any]") -> Texts:
    import pandas as pd

    codes, levels = pd.factorize(column)
    return Texts(codes.astype(np.int32), tuple(spell(level) for level in levels))


def _smallest(numbers: Array, low: float, high: float) -> Array:
    """Integers as uint8 or int32 if they fit, by their least and largest; everything else as float64."""
    if numbers.dtype.kind in "iu" and numbers.size:
        for dtype in (np.uint8, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return numbers.astype(dtype)
    return numbers.astype(np.float64)
