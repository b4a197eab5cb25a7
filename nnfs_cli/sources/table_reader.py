"""Tables from CSV and Parquet files and DataFrames, in chunks of rows, read by pandas."""

import io
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby, repeat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.blas_threads import usable_cores
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.os_errors import unreadable
from nnfs_cli.sources.ahead import ahead
from nnfs_cli.sources.dialect import GAPS, Dialect
from nnfs_cli.sources.frames import ColumnKinds, RespelledError, TextInNumbersError, as_table
from nnfs_cli.sources.gathered import Gathered
from nnfs_cli.sources.opening import open_bytes
from nnfs_cli.sources.parquet import parquet_frames
from nnfs_cli.sources.records import BlockStream, Records
from nnfs_cli.sources.spellings import NumberSpelling, spell
from nnfs_cli.sources.table import MISSING, Table, Texts, is_number

if TYPE_CHECKING:
    import pandas as pd

CELLS = 2_000_000
"""How many values make a chunk: few enough that large files need little memory."""
STRETCH = 1 << 26
"""Bytes of text that end a chunk, however few values they hold."""
COLUMN = 1 << 12
"""Bytes of text for each column, besides CELLS, that a thread parses: pandas spends time on each column."""
MOST_THREADS = 4
"""More would only wait for the calling thread, which joins what they parse."""

Parts: TypeAlias = Iterable[tuple["pd.DataFrame", tuple[str, ...]]]
"""Rows of a table, and their ids."""


def read_table(paths: Sequence[Path], dialect: Dialect, kinds: ColumnKinds | None = None) -> Table:
    """All rows of some files with the same columns, one file after the other.

    NnfsError if a file is malformed.
    """
    source = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    return _whole_table(
        source,
        lambda kinds: (chunk for path in paths for chunk in file_chunks(path, dialect, kinds, whole=True)),
        kinds or ColumnKinds(),
    )


def table_of_frame(
    frame: "pd.DataFrame", source: str, kinds: ColumnKinds, gaps: Collection[str] = ()
) -> Table:
    """All rows of a DataFrame, by the same rules. Values that are spelled as `gaps` are missing."""
    if not len(frame):
        raise NnfsError(f"{source}: has no rows")
    return _whole_table(source, lambda kinds: frame_chunks(frame, source, kinds, gaps), kinds)


def _whole_table(source: str, chunks: Callable[[ColumnKinds], Iterator[Table]], kinds: ColumnKinds) -> Table:
    """The table of some chunks. They are read again if a column is of another kind."""
    while True:
        try:
            return joined(source, chunks(kinds))
        except TextInNumbersError as found:
            if kinds.numbers is not None and kinds.numbers & found.names:
                raise
            kinds = replace(kinds, texts=kinds.texts | found.names)  # read again, with these columns as texts
        except RespelledError as found:
            kinds = replace(kinds, spelled=kinds.spelled | found.names)


def file_chunks(path: Path, dialect: Dialect, kinds: ColumnKinds, *, whole: bool = False) -> Iterator[Table]:
    """A file's rows, in chunks. TextInNumbersError if a column that `kinds` takes for numbers holds texts.

    whole: whether all rows are wanted soon. Then threads parse CSV ahead, in larger chunks.
    """
    try:
        if path.suffix == ".parquet":
            gaps = () if dialect.na_values == GAPS else dialect.na_values
            with_ids = _with_ids(parquet_frames(path, CELLS), kinds.id_column)
            parts = ((_with_gaps(frame, gaps), ids) for frame, ids in with_ids)
            yield from _some(_chunks(parts, str(path), dialect, kinds), str(path))
        else:
            with open_bytes(path) as stream:
                yield from stream_chunks(stream, str(path), dialect, kinds, whole=whole)
    except OSError as error:
        raise unreadable(path, error) from None


def stream_chunks(
    stream: IO[bytes], source: str, dialect: Dialect, kinds: ColumnKinds, *, whole: bool = False
) -> Iterator[Table]:
    """An open CSV file's rows, in chunks; `whole` as for `file_chunks`."""
    parts = _csv_parts(Records(stream, source, dialect), dialect, kinds, whole)
    yield from _some(_chunks(parts, source, dialect, kinds), source)


def frame_chunks(
    frame: "pd.DataFrame", source: str, kinds: ColumnKinds, gaps: Collection[str] = ()
) -> Iterator[Table]:
    """A DataFrame's rows, in chunks. Values that are spelled as `gaps` are missing."""
    chunks = slices(len(frame), max(CELLS // max(frame.shape[1], 1), 1))
    frames = (_with_gaps(frame.iloc[here], gaps) for here in chunks)
    yield from _chunks(_with_ids(frames, kinds.id_column), source, Dialect(), kinds)


def _with_gaps(frame: "pd.DataFrame", texts: Collection[str]) -> "pd.DataFrame":
    """The frame without the values that are these texts, or the numbers that they spell."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    numbers = [float(text) for text in texts if is_number(text)]
    values = {*texts, *numbers}

    def is_gap(value: object) -> bool:
        return isinstance(value, Hashable) and not isinstance(value, bool) and value in values

    frame = frame.copy(deep=False) if texts else frame
    for place in range(frame.shape[1] if texts else 0):
        column = frame.iloc[:, place]
        of_numbers = is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)
        found = column.isin(numbers) if of_numbers else column.map(is_gap).astype(bool)
        if found.any():
            if column.dtype.kind in "iu":  # NumPy's have no gaps, and floats would round them
                column = column.astype("UInt64" if column.dtype.kind == "u" else "Int64")
            frame.isetitem(place, column.mask(found).array)
    return frame


def joined(source: str, chunks: Iterator[Table]) -> Table:
    """One table of the rows of several, of which there must be some, with the same columns."""
    first = next(chunks)
    numbers, codes = (Gathered(f"{source}: the table", "take fewer rows") for _ in range(2))
    levels: dict[str, dict[str, int]] = {name: {} for name in first.texts}
    nested: set[str] = set()
    for chunk in chain([first], chunks):
        if chunk.names != first.names:
            missing = [name for name in first.names if name not in chunk.names]
            extra = [name for name in chunk.names if name not in first.names]
            raise NnfsError(
                f"{chunk.source}: must have the columns of {first.source}; "
                + (f"it lacks {', '.join(missing)}; " if missing else "")
                + (f"it has {', '.join(extra)} besides" if extra else "and in the same order")
            )
        numbers.add(chunk.numbers)
        if levels:
            columns = [_renumbered(chunk.texts[name], places) for name, places in levels.items()]
            codes.add(np.stack(columns, axis=1))
        nested.update(chunk.nested)
    each = codes.whole().T if levels else ()
    texts = {
        name: Texts(column, tuple(places))
        for (name, places), column in zip(levels.items(), each, strict=True)
    }
    ordered = tuple(name for name in first.names if name in nested)
    return Table(source, first.names, first.numeric, numbers.whole(), texts, nested=ordered)


def _renumbered(texts: Texts, places: dict[str, int]) -> Array:
    """The codes (n,) of a chunk's column by the levels of the whole column, to which new ones are added."""
    codes = [places.setdefault(level, len(places)) for level in texts.levels]
    return np.array([*codes, MISSING], np.int32)[texts.codes]  # MISSING is -1: the last


def _csv_parts(records: Records, dialect: Dialect, kinds: ColumnKinds, whole: bool) -> Parts:
    names, id_column, gaps = list(records.names), kinds.id_column, ["", *dialect.na_values]
    has_ids = id_column in names
    for frame in _csv_frames(records, dialect, kinds, whole):
        ids: tuple[str, ...] = ()
        if has_ids:
            ids = tuple(frame[id_column])
            frame = frame.assign(**{id_column: frame[id_column].mask(frame[id_column].isin(gaps))})
        yield frame, ids


def _csv_frames(
    records: Records, dialect: Dialect, kinds: ColumnKinds, whole: bool
) -> Iterator["pd.DataFrame"]:
    import pandas as pd

    names, id_column, gaps = list(records.names), kinds.id_column, ["", *dialect.na_values]
    spelled = kinds.texts_among(names) | (kinds.spelled & set(names))
    if dialect.thousands:
        spelled = set(names)
    has_ids = id_column in names

    def parse(stretch: Iterable[bytes], cells: int) -> Iterator["pd.DataFrame"]:
        with pd.read_csv(
            io.BufferedReader(BlockStream(iter(stretch)), 1 << 18),
            sep=records.separator,
            header=None,
            names=names,
            index_col=False,
            dtype=dict.fromkeys(spelled | ({id_column} if has_ids else set()), str),
            decimal=dialect.decimal,
            na_values={name: gaps for name in names if name != id_column} if has_ids else gaps,
            keep_default_na=False,
            chunksize=max(cells // len(names), 1),
            low_memory=False,
            skip_blank_lines=False,
        ) as frames:
            yield from frames

    if not whole:
        return (frame for stretch in _stretches(iter(records), STRETCH) for frame in parse(stretch, CELLS))
    size, threads = CELLS + COLUMN * len(names), min(max(usable_cores() - 1, 1), MOST_THREADS)
    texts = kinds.texts_among(names) or has_ids or dialect.thousands or any(map(_spells_finite, gaps))
    blocks = iter(records) if texts else records.numbers_first()

    def of_run(is_text: bool, run: Iterator[Any]) -> Iterator["pd.DataFrame"]:
        if not is_text:
            return (pd.DataFrame(numbers, columns=names) for numbers in _stacked(run))
        pieces = map(list, _stretches(run, size, first=0))  # the first shows soon which columns are texts
        return chain.from_iterable(ahead(lambda piece: [*parse(piece, size)], pieces, threads))

    runs = groupby(blocks, key=lambda block: isinstance(block, bytes))
    return (frame for is_text, run in runs for frame in of_run(is_text, run))


def _spells_finite(gap: str) -> bool:
    """Whether a gap is a number, and so may be one of digits: for pandas, 5.0 is 5 as well."""
    return is_number(gap) and math.isfinite(float(gap))


def _stacked(arrays: Iterable[Array]) -> Iterator[Array]:
    """The arrays (n, P), several in one, until it has CELLS numbers."""
    held, size = list[Array](), 0
    for array in arrays:
        held.append(array)
        size += array.size
        if size >= CELLS:
            yield np.concatenate(held)
            held, size = [], 0
    if held:
        yield np.concatenate(held)


def _stretches(blocks: Iterator[bytes], size: int, first: int | None = None) -> Iterator[Iterator[bytes]]:
    """The blocks, some after the other, until they have `size` bytes; in the first stretch, `first`.

    Each stretch must be read to its end before the next one.
    """

    def stretch(block: bytes, size: int) -> Iterator[bytes]:
        yield block
        size -= len(block)
        while size > 0 and (block := next(blocks, b"")):
            size -= len(block)
            yield block

    return map(stretch, blocks, chain([size if first is None else first], repeat(size)))


def _with_ids(frames: Iterable["pd.DataFrame"], id_column: str) -> Parts:
    for frame in frames:
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        ids: tuple[str, ...] = ()
        if id_column in frame.columns:
            column = frame[id_column]
            gaps = column.isna()
            ids = tuple("" if gap else spell(value) for value, gap in zip(column, gaps, strict=True))
        yield frame, ids


def _some(chunks: Iterator[Table], source: str) -> Iterator[Table]:
    """The chunks; NnfsError if there are none."""
    first = next(chunks, None)
    if first is None:
        raise NnfsError(f"{source}: a header and no rows below it")
    yield first
    yield from chunks


def _chunks(parts: Parts, source: str, dialect: Dialect, kinds: ColumnKinds) -> Iterator[Table]:
    start, spelling = 0, NumberSpelling(dialect)
    for frame, ids in parts:
        if not frame.columns.is_unique:
            twice = sorted(set(frame.columns[frame.columns.duplicated()]))
            raise NnfsError(f"{source}: column names must differ, found more than once: {', '.join(twice)}")
        yield as_table(frame, ids, source, spelling, kinds, start)
        start += len(frame)


def as_frame(columns: Mapping[Any, Any], index: Any = None) -> "pd.DataFrame":
    """Named columns (N,) as a DataFrame."""
    import pandas as pd

    return pd.DataFrame(dict(columns), index=index)
