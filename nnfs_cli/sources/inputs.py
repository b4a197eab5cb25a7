"""Rows to predict for, from tables, arrays and pictures, in chunks."""

import math
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices, sides
from nnfs_cli.core.errors import NnfsError, listed, nearest
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable, require_rows
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.sources.arrays import open_npy, open_rows
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.encoding import encode
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.idx import open_idx
from nnfs_cli.sources.opening import first_bytes
from nnfs_cli.sources.paths import existing
from nnfs_cli.sources.picture_rows import is_for_pictures, picture_rows
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
    notes: sentences on what was changed or left out, and on numbers that are unlike those of training. A
        table or an array has them in its first chunk; those on a table's rows come last, in a chunk
        without rows.
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
    paths: Sequence[str],
    preparation: Preparation,
    dialect: Dialect,
    id_column: str = "",
    *,
    arrays: Sequence[str] = ("X", "x"),
    invert: bool = True,
) -> Iterator[Rows]:
    """The rows of some files, and of the pictures in folders, in their order. `-` is CSV from standard input.

    id_column: the column that gives the ids, if a table has it.
    arrays: of an .npz file with several arrays, the names to look for, in this order.
    invert: whether to invert pictures whose background is unlike that of the training images.
    NnfsError for input that does not fit a model with this preparation.
    """
    pictures = [path for path in paths if is_for_pictures(path)]
    if pictures:
        others = [path for path in paths if path not in pictures]
        if others:
            raise NnfsError(
                f"{others[0]}: no picture, but {pictures[0]} is one; answer for the two in separate commands"
            )
        for each in picture_rows(paths, preparation.input_shape, preparation.pixels, NUMBERS, invert=invert):
            yield Rows(*each)
        return
    for path in paths:
        kinds = _kinds(preparation, id_column)
        if path == "-":
            chunks = stream_chunks(sys.stdin.buffer, "standard input", dialect, kinds)
            yield from rows_of_tables(chunks, preparation, id_column)
            continue
        file = existing(path)
        if file.suffix == ".npy":
            yield from rows_of_array(_some(open_npy(file), file), preparation, str(file))
        elif file.suffix == ".npz":
            yield from _rows_in_npz(file, preparation, arrays)
        elif _is_idx(file):
            yield from rows_of_array(open_idx(file), preparation, str(file))
        else:
            chunks = file_chunks(file, dialect, kinds)
            yield from rows_of_tables(chunks, preparation, id_column)


def rows_of_frame(
    frame: "pd.DataFrame", preparation: Preparation, gaps: Collection[str] = ()
) -> Iterator[Rows]:
    """The rows of a DataFrame. Values that are spelled as `gaps` are missing."""
    return rows_of_tables(frame_chunks(frame, "the table", _kinds(preparation), gaps), preparation)


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
        x = x.reshape(-1, *preparation.input_shape)
        if number == 0:
            notes += preparation.differences(x, chunk.source)
        yield Rows(x, chunk.ids, notes, accepted)
    if totals := tally.notes("as in training"):
        yield Rows(np.empty((0, *preparation.input_shape)), notes=totals)


def rows_of_array(x: Array, preparation: Preparation, source: str) -> Iterator[Rows]:
    """The rows of an array (N, ...), of the model's shape or flat, or with other axes of size 1."""
    if any(column.categories for column in preparation.columns):
        raise NnfsError(
            f"{source}: an array of numbers, but the network was trained on a table with categories; "
            f"give it a table"
        )
    require_rows(x, f"{source}:")
    if np.ma.is_masked(x):
        raise NnfsError(f"{source}: has masked numbers; fill them in first")
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
        chunk = chunk.reshape(-1, *preparation.input_shape)
        yield Rows(chunk, notes=() if here.start else preparation.differences(chunk, source))


def _kinds(preparation: Preparation, id_column: str = "") -> ColumnKinds:
    """How to read a table: numbers in the columns that are numbers for the model, texts in all others.

    For a model that was not trained on a table, all are numbers but the ids.
    """
    if not preparation.columns:
        return ColumnKinds(texts=frozenset([id_column]), id_column=id_column, keep_misread=True)
    numbers = frozenset(column.name for column in preparation.columns if not column.categories)
    return ColumnKinds(numbers=numbers, id_column=id_column, keep_misread=True)


def _match(table: Table, preparation: Preparation, id_column: str) -> tuple[str, ...]:
    """Notes on columns that the model does not use, and on an id column that is not there.

    NnfsError if the table lacks a column that the model needs.
    """
    names = [column.name for column in preparation.columns]
    lacking = [name for name in names if name not in table.names]
    if lacking:
        hints = (nearest(name, table.names) for name in lacking[:5])
        shown = [
            f"{name!r} (did you mean {hint!r}?)" if hint else repr(name)
            for name, hint in zip(lacking, hints, strict=False)
        ]
        more = f" and {len(lacking) - 5} more" if lacking[5:] else ""
        there = listed(table.names, 20)
        raise NnfsError(f"{table.source}: no column {', '.join(shown)}{more}; its columns are {there}")
    table.refuse_nested(names)
    notes = []
    extra = [name for name in table.names if name not in names and name != id_column]
    if extra:
        notes.append(f"{table.source}: columns that the network does not use: {listed(extra, 8)}")
    if id_column and id_column not in table.names:
        likely = nearest(id_column, extra)
        hint = f"; did you mean {likely!r}?" if likely else ""
        notes.append(f"{table.source}: no column {id_column!r}, so row numbers stand for it{hint}")
    return tuple(notes)


def _require_width(found: int, preparation: Preparation, source: str) -> None:
    wanted = math.prod(preparation.input_shape)
    if found != wanted:
        shape = sides(preparation.input_shape)
        raise NnfsError(f"{source}: must have {wanted} numbers a row ({shape}), found {found}")


def _some(x: Array, path: Path) -> Array:
    """The array; NnfsError if it has no rows."""
    if x.shape[:1] == (0,):
        raise NnfsError(f"{path}: must hold rows to answer for, found none: shape {x.shape}")
    return x


def _rows_in_npz(path: Path, preparation: Preparation, names: Sequence[str]) -> Iterator[Rows]:
    """The rows of one array of an .npz file. Where another one would fit too, the first note says which."""
    x, name, others = open_rows(path, names)
    rows = rows_of_array(_some(x, path), preparation, f"{path}: {name}")
    if others:
        first = next(rows)
        said = f"{path}: rows of its array {name!r}; --array takes another: {listed(others)}"
        yield Rows(first.x, first.ids, (said, *first.notes))
    yield from rows


def _is_idx(path: Path) -> bool:
    """IDX files start with two zero bytes, as no table does."""
    return first_bytes(path, 2) == b"\0\0"
