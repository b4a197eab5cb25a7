"""CSV output of a command: to standard output, or to a file that appears only when complete."""

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import named_by_user
from nnfs_cli.core.spelling import printable


@contextmanager
def csv_output(path: Path | None) -> Iterator[Any]:
    """A csv.writer in UTF-8 on standard output or on a file, gzipped if its name says so.

    The file appears under its name only when complete; until then an older one stays.
    """
    if path is None:
        sys.stdout.flush()
        text = _text(sys.stdout.buffer)
        try:
            yield csv.writer(_Shown(text) if sys.stdout.isatty() else text, lineterminator="\n")
        finally:
            text.detach()  # which flushes it, and leaves standard output open
        return
    if path.is_dir():
        raise NnfsError(f"--output: {path} is a folder, not a file")
    if not path.absolute().parent.is_dir():
        raise NnfsError(f"--output: there is no folder {path.absolute().parent}")
    with named_by_user(path) as file, _text(file, compressed=path.suffix == ".gz") as text:
        yield csv.writer(text, lineterminator="\n")


class _Shown:
    """Text that a terminal shows: names do not act on it."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def write(self, line: str) -> int:
        return self._text.write(printable(line))


def _text(file: BinaryIO, *, compressed: bool = False) -> io.TextIOWrapper:
    """A text writer on top of a binary file."""
    target = gzip.GzipFile(filename="", mode="wb", fileobj=file) if compressed else file
    return io.TextIOWrapper(cast(BinaryIO, target), encoding="utf-8", errors="backslashreplace", newline="")
