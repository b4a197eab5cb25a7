"""Rows to predict for, from tables, arrays and pictures, in chunks."""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices
from nnfs_cli.core.errors import NnfsError, did_you_mean, listed, nearest
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.sources.arrays import names_in_npz, open_npy, open_npz
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.encoding import encode
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.idx import open_idx
from nnfs_cli.sources.lines import open_bytes
from nnfs_cli.sources.pictures import SUFFIXES, read_picture
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_reader import file_chunks, frame_chunks, stream_chunks
from nnfs_cli.sources.tally import Tally

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = 4_000_000
"""How many numbers of an array make a chunk."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of an input, ready for a model.

    x: (n, *input_shape), raw: the rows that a model can answer.
    ids: the texts of the id column, or the pictures' names; empty if there are none.
    notes: sentences on what was changed or left out. A table has those on its columns in its first chunk;
        those on its rows come last, in a chunk without rows.
    answerable: which of all rows x holds, (N,) of bool; None if it holds all.
    """

    x: Array
    ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    answerable: Array | None = None

    def __len__(self) -> int:
        return len(self.x) if self.answerable is None else len(self.answerable)

    def spread(self, outputs: Array) -> Array:
        """A model's outputs (n, M) for x as those for all rows, (N, M): not-a-number where x has no row."""
        if self.answerable is None or self.answerable.all():
            return outputs
        spread = np.full((len(self), *outputs.shape[1:]), np.nan, outputs.dtype)
        spread[self.answerable] = outputs
        return spread


def read_rows(
    paths: Sequence[str], preparation: Preparation, dialect: Dialect, id_column: str = ""
) -> Iterator[Rows]:
    """The rows of some files, in their order. `-` is CSV from standard input.

    id_column: the column that gives the ids, if a table has it.
    NnfsError for input that does not fit a model with this preparation.
    """
    for path in paths:
        file = Path(path).expanduser()
        if path != "-" and not file.is_file():
            siblings = [other.name for other in file.parent.glob("*")] if file.parent.is_dir() else []
            raise NnfsError(f"no such file: {file.absolute()}{did_you_mean(file.name, siblings)}")
        kinds = _kinds(preparation, id_column)
        if path == "-":
            chunks = stream_chunks(sys.stdin.buffer, "standard input", dialect, kinds)
            yield from rows_of_tables(chunks, preparation, id_column)
        elif file.suffix.lower() in SUFFIXES:
            yield _picture(file, preparation)
        elif file.suffix == ".npy":
            yield from rows_of_array(open_npy(file), preparation, str(file))
        elif file.suffix == ".npz":
            yield from rows_of_array(_array_in(file), preparation, str(file))
        elif _is_idx(file):
            yield from rows_of_array(open_idx(file), preparation, str(file))
        else:
            chunks = file_chunks(file, dialect, kinds)
            yield from rows_of_tables(chunks, preparation, id_column)


def rows_of_frame(frame: "pd.DataFrame", preparation: Preparation) -> Iterator[Rows]:
    """The rows of a DataFrame."""
    return rows_of_tables(frame_chunks(frame, "the table", _kinds(preparation)), preparation)


def rows_of_tables(chunks: Iterator[Table], preparation: Preparation, id_column: str = "") -> Iterator[Rows]:
    """The rows of a table that comes in chunks. Columns are matched by name.

    A row without an answer has an unknown category, a gap that nothing fills, or an unusable number.
    A model that was not trained on a table takes the columns in their order.
    """
    tally = Tally(preparation.columns)
    for number, chunk in enumerate(chunks):
        notes = _match(chunk, preparation, id_column) if preparation.columns and number == 0 else ()
        columns = preparation.columns or tuple(map(Column, chunk.numeric))
        if not preparation.columns:
            _require_width(len(columns), preparation, chunk.source)
        encoded = encode(chunk, columns)
        tally.add(encoded)
        accepted = encoded.accepted
        x = preparation.in_trained_type(encoded.x if accepted.all() else encoded.x[accepted])
        yield Rows(x.reshape(-1, *preparation.input_shape), chunk.ids, notes, accepted)
    if totals := tally.notes("as in training"):
        yield Rows(np.empty((0, *preparation.input_shape)), notes=totals)


def rows_of_array(x: Array, preparation: Preparation, source: str) -> Iterator[Rows]:
    """The rows of an array (N, ...), of the model's shape or flat, or with other axes of size 1."""
    if any(column.categories for column in preparation.columns):
        raise NnfsError(
            f"{source}: an array of numbers, but the network was trained on a table with categories; "
            f"give it a table"
        )
    if x.ndim < 2 or x.dtype.kind not in "biuf":
        raise NnfsError(f"{source}: must hold rows of numbers, found shape {x.shape} of {x.dtype}")
    if x.shape[1:] != preparation.input_shape:
        _require_width(math.prod(x.shape[1:]), preparation, source)
        found, wanted = (
            tuple(n for n in shape if n != 1) for shape in (x.shape[1:], preparation.input_shape)
        )
        if found != wanted and min(len(found), len(wanted)) > 1:
            raise NnfsError(
                f"{source}: must hold rows of shape {preparation.input_shape}, or flat ones, "
                f"found {x.shape[1:]}: the same numbers in another order"
            )
    for here in row_slices(x, len(x), NUMBERS):
        chunk = np.asarray(x[here])
        refuse_unusable(chunk, in_rows_of(source, here.start))
        yield Rows(chunk.reshape(-1, *preparation.input_shape))


def _kinds(preparation: Preparation, id_column: str = "") -> ColumnKinds:
    """How to read a table: numbers in the columns that are numbers for the model, texts in all others.

    For a model that was not trained on a table, all are numbers but the ids.
    """
    if not preparation.columns:
        return ColumnKinds(texts=frozenset([id_column]), id_column=id_column, keep_misread=True)
    numbers = frozenset(column.name for column in preparation.columns if not column.categories)
    return ColumnKinds(numbers=numbers, id_column=id_column, keep_misread=True)


def _match(table: Table, preparation: Preparation, id_column: str) -> tuple[str, ...]:
    """A note on columns that the model does not use; NnfsError if the table lacks one that it needs."""
    names = [column.name for column in preparation.columns]
    lacking = [name for name in names if name not in table.names]
    if lacking:
        hints = (nearest(name, table.names) for name in lacking[:5])
        shown = [
            f"{name!r} (did you mean {hint!r}?)" if hint else repr(name)
            for name, hint in zip(lacking, hints, strict=False)
        ]
        more = f" and {len(lacking) - 5} more" if lacking[5:] else ""
        there = ", ".join(table.names[:20]) + (", ..." if table.names[20:] else "")
        raise NnfsError(f"{table.source}: no column {', '.join(shown)}{more}; its columns are {there}")
    table.refuse_nested(names)
    extra = [name for name in table.names if name not in (*names, id_column)]
    if not extra:
        return ()
    return (f"{table.source}: columns that the network does not use: {listed(extra, 8)}",)


def _require_width(found: int, preparation: Preparation, source: str) -> None:
    wanted = math.prod(preparation.input_shape)
    if found != wanted:
        shape = " x ".join(map(str, preparation.input_shape))
        raise NnfsError(f"{source}: must have {wanted} numbers a row ({shape}), found {found}")


def _array_in(path: Path) -> Array:
    """The rows of an .npz file: its only array, or the one named X or x."""
    names = names_in_npz(path)
    chosen = names[0] if len(names) == 1 else next((name for name in ("X", "x") if name in names), "X")
    return open_npz(path, chosen)


def _is_idx(path: Path) -> bool:
    """IDX files start with two zero bytes, as no table does."""
    with open_bytes(path) as file:
        return file.read(2) == b"\0\0"


def _picture(path: Path, preparation: Preparation) -> Rows:
    shape, pixels = preparation.input_shape, preparation.pixels
    if pixels is None or (len(shape) == 3 and shape[0] not in (1, 3)):
        raise NnfsError(f"{path}: a picture, but the network takes rows of shape {shape}, which is no image")
    image, notes = read_picture(path, shape, pixels)
    return Rows(image[np.newaxis], (path.name,), tuple(notes))
