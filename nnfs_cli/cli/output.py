"""Where a command's CSV goes: a file, written whole or not at all, or standard output."""

import csv
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from nnfs_cli.core.errors import NnfsError


@contextmanager
def csv_output(path: Path | None) -> Iterator[Any]:
    """A csv.writer on standard output or on a file, gzipped if its name says so.

    The file takes its name when all is written; until then an older one stays as it is.
    """
    if path is None:
        yield csv.writer(sys.stdout, lineterminator="\n")
        sys.stdout.flush()
        return
    if path.is_dir():
        raise NnfsError(f"--output: {path} is a folder, not a file")
    if not path.absolute().parent.is_dir():
        raise NnfsError(f"--output: there is no folder {path.absolute().parent}")
    temporary = path.with_name(f".{path.name}.part")
    try:
        with _open(temporary, compressed=path.suffix == ".gz") as file:
            yield csv.writer(file, lineterminator="\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _open(path: Path, *, compressed: bool) -> IO[str]:
    if compressed:
        return cast(IO[str], gzip.open(path, "wt", encoding="utf-8", newline=""))
    return path.open("w", encoding="utf-8", newline="")
