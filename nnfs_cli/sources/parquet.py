"""Parquet files, read in pieces that stay small, whatever a file makes of few bytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.os_errors import unread
from nnfs_cli.sources.lines import LONGEST
from nnfs_cli.sources.opening import LARGE, USUAL, require_file

if TYPE_CHECKING:
    import pandas as pd

DAMAGED = (OSError, ValueError, LookupError, TypeError)
"""What pyarrow and pandas raise for damaged files, besides pyarrow's own errors."""
PIECE = 1 << 27
"""The bytes of a piece in memory, about."""
WIDEST = 8
"""The bytes of a number, at most. Few bytes of a file may stand for very many equal ones."""


def parquet_frames(path: Path, cells: int) -> Iterator["pd.DataFrame"]:
    """A file's rows in pieces of at most so many cells. NnfsError for what cannot be read, or is damaged.

    A column of nested values holds an empty list in each row: nobody uses what they are.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NnfsError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    import pandas as pd

    exact = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
    require_file(path)
    try:
        about = pq.read_metadata(path)
        rows = min(cells // max(about.num_columns, 1), PIECE // _row_bytes(path, about)) or 1
        options: Any = {"read_dictionary": _texts(about), "page_checksum_verification": True}
        with pq.ParquetFile(path, **options) as file:
            nested = {
                i: each.name for i, each in enumerate(file.schema_arrow) if pa.types.is_nested(each.type)
            }
            flat = [name for i, name in enumerate(file.schema_arrow.names) if i not in nested]
            for batch in file.iter_batches(rows, columns=flat if nested else None):
                gaps = any(column.null_count and column.type in exact for column in batch.columns)
                # Else gaps round integers.
                frame = batch.to_pandas(types_mapper=exact.get if gaps else None)
                for i, name in nested.items():
                    frame.insert(min(i, frame.shape[1]), name, [[]] * len(frame))
                yield frame
    except (*DAMAGED, pa.ArrowException) as error:
        raise unread(path, error, f"{path}: not a Parquet file that can be read: {error}") from None


def _row_bytes(path: Path, about: Any) -> int:
    """The bytes of a row in memory, where they are most; NnfsError for what few bytes make too large."""
    schema, most, unpacked = [about.schema.column(i) for i in range(about.num_columns)], 1, 0
    for group in map(about.row_group, range(about.num_row_groups)):
        row = 0
        for i, column in enumerate(schema):
            chunk, width = group.column(i), max(WIDEST, column.length or 0)
            size = max(chunk.total_uncompressed_size, width * chunk.num_values) // max(group.num_rows, 1)
            if size > LONGEST:
                raise NnfsError(
                    f"{path}: column {column.path!r}: values longer than {LONGEST >> 20} MB: no table"
                )
            row += size
            unpacked += chunk.total_uncompressed_size
        most = max(most, row)
    if unpacked > max(USUAL * path.stat().st_size, LARGE):
        raise NnfsError(
            f"{path}: unpacks to {unpacked:,} bytes, as no usual file does; if it is right, save it as CSV"
        )
    return most


def _texts(about: Any) -> list[str]:
    """The columns of texts. They are read as codes: few bytes of a file may be a long text in every row."""
    columns = map(about.schema.column, range(about.num_columns))
    return [each.path for each in columns if each.physical_type == "BYTE_ARRAY" and not _is_decimal(each)]


def _is_decimal(column: Any) -> bool:
    return bool(column.logical_type.type == "DECIMAL")
