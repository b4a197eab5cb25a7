"""Tables from CSV and Parquet files, in chunks of rows, read by pandas."""

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.lines import CheckedLines, Dialect, open_bytes
from nnfs_cli.sources.table import MISSING, Table, Texts, is_number

if TYPE_CHECKING:
    import pandas as pd

CELLS = 2_000_000
"""How many values make a chunk: few enough that large files need little memory."""


@dataclass(frozen=True)
class ColumnKinds:
    """Which columns are texts: those in `texts` or, if `numbers` is given, all except those in `numbers`."""

    texts: frozenset[str] = frozenset()
    numbers: frozenset[str] | None = None

    def texts_among(self, names: Collection[str]) -> set[str]:
        return set(names) & self.texts if self.numbers is None else set(names) - self.numbers


class TextInNumbersError(NnfsError):
    """Some columns, `names`, were taken for numbers but hold texts; the message shows one of these."""

    def __init__(self, source: str, names: Collection[str], row: int, name: str, value: object) -> None:
        self.names = frozenset(names)
        super().__init__(f"{source}: row {row}, column {name!r}: must be a number, found {str(value)[:40]!r}")


def read_table(paths: Sequence[Path], dialect: Dialect, categorical: Collection[str] = ()) -> Table:
    """All rows of some files with the same columns, one file after the other.

    A column is numeric if all its values are numbers and it is not in `categorical`.
    NnfsError if a file is malformed, or a column holds mostly numbers but some texts.
    """
    source = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"

    def chunks(kinds: ColumnKinds) -> list[Table]:
        return [chunk for path in paths for chunk in file_chunks(path, dialect, kinds)]

    return _whole_table(source, chunks, categorical)


def table_of_frame(frame: "pd.DataFrame", source: str, categorical: Collection[str] = ()) -> Table:
    """All rows of a DataFrame, by the same rules."""
    return _whole_table(source, lambda kinds: list(frame_chunks(frame, source, kinds)), categorical)


def _whole_table(
    source: str, chunks: Callable[[ColumnKinds], list[Table]], categorical: Collection[str]
) -> Table:
    """The table of some chunks. They are read again if columns hold texts that were taken for numbers."""
    kinds = ColumnKinds(frozenset(categorical))
    while True:
        try:
            table = join(source, chunks(kinds))
        except TextInNumbersError as found:
            kinds = ColumnKinds(kinds.texts | found.names)  # read again, with these columns as texts
            continue
        for name in table.texts:
            if name not in categorical:
                _refuse_numbers_with_texts(table, name)
        return table


def file_chunks(path: Path, dialect: Dialect, kinds: ColumnKinds) -> Iterator[Table]:
    """A file's rows, in chunks. TextInNumbersError if a column that `kinds` takes for numbers holds texts."""
    try:
        if path.suffix == ".parquet":
            yield from _chunks(_parquet_frames(path), str(path), kinds)
        else:
            with open_bytes(path) as stream:
                yield from stream_chunks(stream, str(path), dialect, kinds)
    except OSError as error:
        raise NnfsError(f"{path}: cannot be read: {error.strerror or error}") from None


def stream_chunks(stream: IO[bytes], source: str, dialect: Dialect, kinds: ColumnKinds) -> Iterator[Table]:
    """An open CSV file's rows, in chunks."""
    lines = CheckedLines(stream, source, dialect)
    yield from _chunks(_csv_frames(lines, kinds), source, kinds)


def frame_chunks(frame: "pd.DataFrame", source: str, kinds: ColumnKinds) -> Iterator[Table]:
    """A DataFrame's rows, in chunks. NnfsError if two columns have the same name."""
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise NnfsError(f"{source}: two columns are called {twice[0]!r}")
    chunks = slices(len(frame), max(CELLS // max(frame.shape[1], 1), 1))
    yield from _chunks((frame.iloc[here] for here in chunks), source, kinds)


def join(source: str, chunks: list[Table]) -> Table:
    """One table of the rows of several with the same columns. Empties the list, to save memory."""
    first = chunks[0]
    for chunk in chunks:
        if chunk.names != first.names:
            missing = [name for name in first.names if name not in chunk.names]
            extra = [name for name in chunk.names if name not in first.names]
            raise NnfsError(
                f"{chunk.source}: must have the columns of {first.source}; "
                + (f"it lacks {', '.join(missing)}; " if missing else "")
                + (f"it has {', '.join(extra)} besides" if extra else "and in the same order")
            )
    if not sum(map(len, chunks)):
        raise NnfsError(f"{source}: a header and no rows below it")
    texts = {name: _join_texts([chunk.texts[name] for chunk in chunks]) for name in first.texts}
    numbers = np.empty(
        (sum(map(len, chunks)), len(first.numeric)),
        np.result_type(*(chunk.numbers.dtype for chunk in chunks)),
    )
    end = len(numbers)
    while chunks:
        chunk = chunks.pop()
        numbers[end - len(chunk) : end] = chunk.numbers
        end -= len(chunk)
    return Table(source, first.names, first.numeric, numbers, texts)


def _csv_frames(lines: CheckedLines, kinds: ColumnKinds) -> Iterator["pd.DataFrame"]:
    import pandas as pd

    names = list(lines.header)
    with ExitStack() as closing:
        buffer = closing.enter_context(io.BufferedReader(lines, 1 << 18))
        if not buffer.peek(1):
            raise NnfsError(f"{lines.source}: a header and no rows below it")
        frames = pd.read_csv(
            buffer,
            sep=lines.dialect.delimiter,
            header=None,
            names=names,
            index_col=False,
            dtype=dict.fromkeys(kinds.texts_among(names), str),
            chunksize=max(CELLS // len(names), 1),
            low_memory=False,
            skip_blank_lines=False,
            skipinitialspace=lines.spaced,
        )
        closing.enter_context(frames)
        yield from frames


def _parquet_frames(path: Path) -> Iterator["pd.DataFrame"]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NnfsError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        with pq.ParquetFile(path) as file:
            rows = max(CELLS // max(len(file.schema_arrow.names), 1), 1)
            for batch in file.iter_batches(rows):
                yield batch.to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise NnfsError(f"{path}: not a Parquet file that can be read: {error}") from None


def _chunks(frames: Iterable["pd.DataFrame"], source: str, kinds: ColumnKinds) -> Iterator[Table]:
    start = 0
    for frame in frames:
        names = [str(name) for name in frame.columns]
        texts = kinds.texts_among(names)
        types = zip(names, frame.dtypes, strict=True)
        spelled = [name for name, dtype in types if dtype.kind not in "iuf" and name not in texts]
        if spelled:
            row, value = _first_text(frame[spelled[0]])
            raise TextInNumbersError(source, spelled, start + row + 1, spelled[0], value)
        yield _as_table(frame, source, texts, start)
        start += len(frame)


def _first_text(column: "pd.Series[Any]") -> tuple[int, object]:
    """Row and value of the first text that is no number; the first row if all texts are numbers."""
    import pandas as pd

    bad = pd.to_numeric(column, errors="coerce").isna() & column.notna()
    row = int(np.argmax(bad.to_numpy()))
    return row, column.iloc[row]


def _as_table(frame: "pd.DataFrame", source: str, texts: Collection[str], start: int) -> Table:
    import pandas as pd

    names = tuple(str(name) for name in frame.columns)
    numeric = tuple(name for name in names if name not in texts)
    columns = {}
    for name in texts:
        codes, levels = pd.factorize(frame[name])
        columns[name] = Texts(codes.astype(np.int32), tuple(_spell(level) for level in levels))
    numbers = frame[list(numeric)] if columns else frame
    if any(not isinstance(dtype, np.dtype) for dtype in numbers.dtypes):  # pandas' own, with missing values
        numbers = numbers.astype(np.float64)
    return Table(source, names, numeric, _smallest(numbers.to_numpy()), columns, start)


def _spell(level: object) -> str:
    """A category as the file has it: pandas reads 3 as 3.0 in a column with missing values."""
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def _smallest(numbers: Array) -> Array:
    """Integers as uint8 or int32 if they fit; everything else as float64."""
    if numbers.dtype.kind in "iu" and numbers.size:
        low, high = numbers.min(), numbers.max()
        for dtype in (np.uint8, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return numbers.astype(dtype)
    return numbers.astype(np.float64)


def _join_texts(chunks: Sequence[Texts]) -> Texts:
    """One column from its chunks, each of which has its own levels."""
    codes_of: dict[str, int] = {}
    codes = []
    for chunk in chunks:
        renumbered = np.array(
            [codes_of.setdefault(level, len(codes_of)) for level in chunk.levels] + [MISSING], np.int32
        )
        codes.append(renumbered[chunk.codes])  # MISSING is -1: the last
    return Texts(np.concatenate(codes), tuple(codes_of))


def _refuse_numbers_with_texts(table: Table, name: str) -> None:
    """Raise NnfsError if a column of texts holds mostly numbers."""
    column = table.texts[name]
    numbers = np.array([is_number(level) for level in column.levels] + [True], bool)
    counts = np.bincount(column.codes[column.codes != MISSING], minlength=len(column.levels))
    share = counts[numbers[:-1]].sum() / max(counts.sum(), 1)
    if 0.5 <= share < 1.0:
        row = int(np.argmax(~numbers[column.codes]))
        raise NnfsError(
            f"{table.where(row, name)}: {column.levels[column.codes[row]]!r} is not a "
            f"number, but {share:.1%} of the column's values are; correct it, or list {name!r} under "
            f"`categorical` if its values are names"
        )


def as_frame(columns: Mapping[Any, Array], index: Any = None) -> "pd.DataFrame":
    """Named columns (N,) as a DataFrame."""
    import pandas as pd

    return pd.DataFrame(dict(columns), index=index)
