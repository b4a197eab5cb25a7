"""The options of a new config for a table: by what the dataset itself reads in the table."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.dialect import dump_inline
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.chosen import Chosen
from nnfs_cli.sources.column_notes import odd_columns
from nnfs_cli.sources.columns import fit_columns, no_categories
from nnfs_cli.sources.dates import are_dates
from nnfs_cli.sources.dialect import DELIMITERS, Dialect
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.lookalikes import lookalikes, only_reading
from nnfs_cli.sources.paths import find_files
from nnfs_cli.sources.split_keys import split_key
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_cache import cached_table

ENCODINGS = ("utf-8", "utf-16", "cp1252")


def table_options(source: str, targets: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The options of the dataset `csv` for a file, and comments on the columns that are left out."""
    table, dialect = _read(source, targets)
    if not targets:
        raise NnfsError(f"--target: name the column to predict; {source} has {', '.join(table.names)}")
    table.require(tuple(targets), "--target")
    left_out = _left_out(table, targets, dialect)
    gaps = table.missing_counts()
    kept = [name for name in table.names if name not in left_out and name not in targets]
    if not kept:
        reasons = "".join(f"\n  {name!r}, {why}" for name, why in left_out.items())
        raise NnfsError(f"{source} has no column that can be a feature:{reasons or ' only the target'}")
    missing = "drop" if any(gaps[name] for name in targets) else "median"
    options = {
        "path": source,
        "target": targets[0] if len(targets) == 1 else list(targets),
        "features": {"exclude": list(left_out)},
        "standardize": True,
        "missing": missing,
        "delimiter": dialect.delimiter,
        "encoding": dialect.encoding,
        "decimal": dialect.decimal,
        "thousands": dialect.thousands,
    }
    needless = {
        "features": not left_out,
        "missing": not any(gaps[name] for name in (*targets, *kept)),
    } | {name: value == getattr(Dialect(), name) for name, value in asdict(dialect).items()}
    options = {key: value for key, value in options.items() if not needless.get(key)}
    comments = [f"Left out: {name!r}: {why}{_as_time(table, name)}." for name, why in left_out.items()]
    return {"type": "csv", **options}, comments


def _as_time(table: Table, name: str) -> str:
    """How rows could be split by a column of dates; an empty text for others."""
    if name not in table.texts or not are_dates(table.texts[name].levels):
        return ""
    try:
        split_key(table, "time", name)
    except NnfsError:
        return ""
    return f"; `time: {dump_inline(name)}` trains on the earlier rows and tests on the later ones"


def _read(source: str, targets: Sequence[str]) -> tuple[Table, Dialect]:
    """The table, read by the first dialect that finds the targets. NnfsError if no dialect reads it."""
    files, mistakes = find_files(source, "TABLE"), []
    tables = []
    for dialect in (Dialect(delimiter, encoding) for encoding in ENCODINGS for delimiter in DELIMITERS):
        try:
            table = cached_table(files, dialect, ColumnKinds(labels=frozenset(targets)))[0]
        except (NnfsError, UnicodeError) as error:
            mistakes.append(error)
            continue
        if set(targets) <= set(table.names):
            return _with_own_numbers(table, dialect, files, targets)
        tables.append((table, dialect))
    if tables:
        return tables[0]
    raise mistakes[0]


def _with_own_numbers(
    table: Table, dialect: Dialect, files: Sequence[Path], targets: Sequence[str]
) -> tuple[Table, Dialect]:
    """The table, read anew as long as another spelling of numbers makes numbers of more columns."""
    while (reading := only_reading(table, dialect)) is not None:
        other = cached_table(files, reading, ColumnKinds(labels=frozenset(targets)))[0]
        if len(other.numeric) <= len(table.numeric):
            break
        table, dialect = other, reading
    return table, dialect


def _left_out(table: Table, targets: Sequence[str], dialect: Dialect) -> dict[str, str]:
    """The columns that are no features, each with the reason, in the order of the table."""
    names = [name for name in table.names if name not in targets]
    reasons = {
        name: told for name, (_, told) in lookalikes(table, names, (), dialect, Chosen().leave_out).items()
    }
    reasons = no_categories(table, names, ()) | reasons
    kept = [name for name in names if name not in reasons]
    columns = fit_columns(table, kept, np.arange(len(table)), "error", 0.0, "error")
    for kind, odd in odd_columns(table, columns, table.missing_counts(), len(table)).items():
        reasons |= {name: kind for name in odd if name not in reasons}
    if len(reasons) == len(names):  # then a column of numbers must do
        usable = {name for name in table.numeric if table.distinct(name) > 1}
        reasons = {name: why for name, why in reasons.items() if name not in usable}
    return {name: reasons[name] for name in names if name in reasons}
