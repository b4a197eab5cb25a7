"""Where a command's CSV goes: a file, written whole or not at all, or standard output."""

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import replacing


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
    with replacing(path) as file, _text(file, compressed=path.suffix == ".gz") as text:
        yield csv.writer(text, lineterminator="\n")


def _text(file: BinaryIO, *, compressed: bool) -> TextIO:
    """What writes text into a file of bytes."""
    target = gzip.GzipFile(filename="", mode="wb", fileobj=file) if compressed else file
    return io.TextIOWrapper(cast(BinaryIO, target), encoding="utf-8", newline="")
