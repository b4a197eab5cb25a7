"""The lines of a CSV file, checked while they are read: encoding, delimiter, number of values."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from nnfs_cli.core.errors import NnfsError

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
UNNAMED = "Unnamed: "
UTF8 = ("utf-8", "utf8", "utf-8-sig")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"


class CheckedLines(io.RawIOBase):
    """The rows of a CSV file below its header, as UTF-8 bytes; NnfsError at the first malformed line.

    header: the column names, from the first line.
    spaced: whether the header has spaces after its delimiters; then such spaces belong to no value.
    """

    def __init__(self, stream: IO[bytes], source: str, dialect: Dialect) -> None:
        self.source, self.dialect = source, dialect
        self._lines = self._utf8(stream)
        self._number = 0
        self._pending = b""
        self.header = self._read_header()
        self._records = self._checked()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # callers pass a memoryview
        """Fill a buffer, as every raw stream does; the next call gets what does not fit."""
        parts, room = [self._pending], len(buffer) - len(self._pending)
        while room > 0:
            record = next(self._records, None)
            if record is None:
                break
            parts.append(record)
            room -= len(record)
        content = b"".join(parts)
        self._pending = content[len(buffer) :]
        content = content[: len(buffer)]
        buffer[: len(content)] = content
        return len(content)

    def _utf8(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The lines as UTF-8, whatever the file's own encoding."""
        try:
            if self.dialect.encoding.lower() in UTF8:
                first = stream.readline()
                if first.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise self._error(1, "the file is UTF-16, not UTF-8; set the encoding to utf-16")
                if first.startswith(b"PK\x03\x04"):
                    raise self._error(1, "an Excel workbook or zip file; save the table as CSV")
                yield first.removeprefix(b"\xef\xbb\xbf")
                yield from stream
            else:
                with io.TextIOWrapper(stream, encoding=self.dialect.encoding, newline="") as text:
                    for line in text:
                        yield line.encode()
        except UnicodeError as error:
            raise self._error(self._number + 1, f"not {self.dialect.encoding}: {error}") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise NnfsError(f"{self.source}: truncated or corrupted ({error}); copy it again") from None

    def _next_record(self) -> bytes | None:
        """The next line, or several if a quoted value has line breaks in it; None at the end."""
        record, start = b"", self._number + 1
        for line in self._lines:
            self._number += 1
            record += line
            if not record.isascii():
                self._check_utf8(line)
            if record.count(b'"') % 2 == 0:
                return record
        if record:
            raise self._error(start, "a quote is opened and never closed")
        return None

    def _check_utf8(self, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError as error:
            found = f"byte 0x{line[error.start]:02x} is not UTF-8"
            likely = line.decode("cp1252", errors="replace")[max(0, error.start - 8) :][:16].strip()
            raise self._error(self._number, f"{found}; read as cp1252 it is {likely!r}") from None

    def _values(self, record: bytes) -> list[str]:
        reader = csv.reader([record.decode()], delimiter=self.dialect.delimiter, skipinitialspace=True)
        return next(reader, [])

    def _read_header(self) -> tuple[str, ...]:
        record = self._next_record()
        while record is not None and not record.strip():
            record = self._next_record()
        if record is None:
            raise NnfsError(f"{self.source}: the file is empty")
        self.spaced = f"{self.dialect.delimiter} ".encode() in record
        texts = [name.strip() for name in self._values(record)]
        names = tuple(name or f"{UNNAMED}{i}" for i, name in enumerate(texts))  # as pandas calls them
        likely = self._likely_delimiter(record.decode())
        if len(names) == 1 and likely:
            mine = DELIMITERS.get(self.dialect.delimiter, repr(self.dialect.delimiter))
            raise self._error(
                self._number,
                f"only one column, {names[0][:60]!r}: the values seem to be separated by "
                f"{DELIMITERS[likely]}, not by {mine}; set the delimiter to {json.dumps(likely)}",
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            listed = ", ".join(repr(name) for name in twice)
            raise self._error(self._number, f"column names must differ, found more than once: {listed}")
        return names

    def _likely_delimiter(self, text: str) -> str | None:
        others = [other for other in DELIMITERS if other != self.dialect.delimiter]
        best = max(others, key=text.count)
        return best if text.count(best) else None

    def _checked(self) -> Iterator[bytes]:
        """The records below the header, without blank ones; each must have as many values as the header."""
        delimiter, width = self.dialect.delimiter.encode(), len(self.header)
        while (record := self._next_record()) is not None:
            if not record.strip(b"\r\n"):
                continue
            quoted = b'"' in record
            found = len(self._values(record)) if quoted else record.count(delimiter) + 1
            if found != width:
                wanted = "1 value" if width == 1 else f"{width} values"
                raise self._error(self._number, f"must have {wanted}, as the header has, found {found}")
            yield record

    def _error(self, line: int, text: str) -> NnfsError:
        return NnfsError(f"{self.source}, line {line}: {text}")


def open_bytes(path: Path) -> IO[bytes]:
    """A file's content, decompressed if it is gzip, whatever its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else path.open("rb")
