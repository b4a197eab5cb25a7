"""The records of a CSV file, in blocks that pandas reads as the csv module reads the file."""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, TypeAlias

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.sources.dialect import DELIMITERS, Dialect, delimiter_name
from nnfs_cli.sources.digits import whole_numbers
from nnfs_cli.sources.lines import LONGEST, numbered_blocks

UNNAMED = "Unnamed: "
MOST_COLUMNS = 100_000
"""Wider tables take minutes to read."""

csv.field_size_limit(2**31 - 1)  # some texts are longer than the module's own limit, 128 KiB

Rows: TypeAlias = Iterator[tuple[int, list[str]]]
"""Records, each with the number of its first line."""


class Records:
    """The records below a CSV file's header, in blocks; NnfsError, with the line, for a malformed one.

    The csv module's rules hold: a line ends in LF, CR or CRLF; a quoted value may hold delimiters and line
    ends; a quote inside an unquoted value is a letter; empty lines do not count; blanks belong to a value. If
    the header has a blank after each of its delimiters, blanks after a delimiter belong to no value.

    Iterating yields UTF-8 text. Where pandas reads the file's own text alike, it is that; elsewhere the
    records are read by the csv module and written anew, each value quoted.

    names: the columns, from the header.
    separator: the ASCII character between a block's values.
    """

    def __init__(self, stream: IO[bytes], source: str, dialect: Dialect) -> None:
        self.source, self.delimiter = source, dialect.delimiter
        self.separator = self.delimiter if self.delimiter.isascii() else ","
        self._others = bytes(set(range(256)) - set(f"{self.separator}\r\n".encode()))
        self._blocks = numbered_blocks(stream, source, dialect.encoding)
        self._skips_blanks = False
        self.names, self._beside_header = self._read_header()
        self._width = len(self.names)
        self._begun = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._rewritten(self._beside_header)
        for line, block in self._blocks:
            yield from self._text(line, block)

    def numbers_first(self) -> Iterator[Array | bytes]:
        """The same, but blocks of `whole_numbers` (n, columns) as such, up to the first other one."""
        yield from self._rewritten(self._beside_header)
        for line, block in self._blocks:
            numbers = self._numbers(block)
            if numbers is None:
                yield from self._text(line, block)
                break
            self._begun = True
            yield numbers
        yield from self

    def _numbers(self, block: bytes) -> Array | None:
        if self.separator != self.delimiter or self.separator.isalnum():
            return None
        return whole_numbers(block.replace(b"\r\n", b"\n"), self.separator, self._width)

    def _text(self, line: int, block: bytes) -> Iterator[bytes]:
        if self._is_plain(block):
            self._begun = True
            yield block
        else:
            yield from self._rewritten(self._rows(line, block))

    def _is_plain(self, block: bytes) -> bool:
        """Whether each line is a record that pandas and the csv module read alike.

        Quotes, if there are any, stand around whole values alone.
        """
        if self._skips_blanks or self.separator != self.delimiter or block.startswith(codecs.BOM_UTF8):
            return False
        if b'"' in block and not (block := self._emptied(block)):
            return False
        end = b"\r\n" if block.endswith(b"\r\n") else b"\n"
        lines = block.count(end)
        record = self.separator.encode() * (self._width - 1) + end
        return (
            block.translate(None, self._others) == record * lines
            and (end == b"\n" or block.count(b"\n") == lines)  # no CR stands alone
            and not (self._width == 1 and re.search(rb"(^|\n)\r?\n", block))
        )

    def _emptied(self, block: bytes) -> bytes:
        """The lines with a quote for each quoted value; b"" for quotes elsewhere, or around line ends."""
        parts, separator = block.split(b'"'), self.separator.encode()
        emptied, quoted = b'"'.join(parts[::2]), len(parts) // 2
        starts = emptied.startswith(b'"') + sum(emptied.count(mark + b'"') for mark in (separator, b"\n"))
        stops = sum(emptied.count(b'"' + mark) for mark in (separator, b"\r", b"\n"))
        same_ends = all(emptied.count(mark) == block.count(mark) for mark in (b"\r", b"\n"))
        return emptied if len(parts) % 2 and starts == stops == quoted and same_ends else b""

    def _rewritten(self, rows: Rows) -> Iterator[bytes]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, row in rows:
            if len(row) != self._width:
                self._take_width(line, row)
            self._begun = True
            writer.writerow(row)
        if text.tell():
            yield text.getvalue().encode()

    def _rows(self, line: int, block: bytes) -> Rows:
        """The records that begin in a block whose first line has the number `line`."""
        lines, blanks = _lines(block), b' "' in block
        while True:
            reader, done = csv.reader(lines, strict=True, **self._options()), 0
            try:
                for row in reader:
                    if row:
                        if blanks:
                            self._check_blanks(line + done, row, lines[done : reader.line_num])
                        yield line + done, row
                    done = reader.line_num
                return
            except csv.Error as error:
                line, lines = line + done, lines[done:]
                if "unexpected end of data" not in str(error):
                    name = delimiter_name(self.delimiter)
                    raise self._error(
                        line,
                        f"a quoted value must end before {name} or the line's end; write a quote in it twice",
                    ) from None
            size = sum(map(len, lines))
            if size > LONGEST:
                raise self._error(line, f"a quote is opened, and not closed within {LONGEST >> 20} MB")
            block = self._at_least(size)  # a quoted value goes on there
            if not block:
                raise self._error(line, "a quote is opened and never closed")
            lines, blanks = lines + _lines(block), blanks or b' "' in block

    def _options(self) -> dict[str, Any]:
        return {"delimiter": self.delimiter, "skipinitialspace": self._skips_blanks}

    def _at_least(self, size: int) -> bytes:
        """The next blocks, of at least this size, so that a long quoted value is read again few times."""
        more: list[bytes] = []
        for _, block in self._blocks:
            more.append(block)
            size -= len(block)
            if size <= 0:
                break
        return b"".join(more)

    def _check_blanks(self, line: int, row: list[str], lines: list[str]) -> None:
        """Refuse a blank before a quote: by the rules both are letters, but hardly anyone means that."""
        suspicious = {value for value in row if value[:1] == " " and value.lstrip(" ")[:1] == '"'}
        if not suspicious:
            return
        without_blanks = next(csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True))
        if not suspicious <= set(without_blanks):  # else the blanks are quoted themselves
            raise self._error(
                line,
                "a blank before a quote; delete it, or write a blank after each delimiter of the header "
                "too: then such blanks belong to no value",
            )

    def _take_width(self, line: int, row: list[str]) -> None:
        """Let the first record set the width if only the header ends in delimiters; NnfsError otherwise."""
        found, width = len(row), self._width
        unnamed = [name.startswith(UNNAMED) for name in self.names[found:]]
        if not self._begun and any(unnamed) and all(unnamed):
            self._width = found
            return
        longer, name = found > width, delimiter_name(self.delimiter)
        ends = not row[-1] if longer else self.names[-1].startswith(UNNAMED)
        hint = f": the {'line' if longer else 'header'} ends in {name}" if ends else ""
        wanted = "1 value" if width == 1 else f"{width} values"
        raise self._error(line, f"must have {wanted}, as the header has, found {found}{hint}")

    def _read_header(self) -> tuple[tuple[str, ...], Rows]:
        """The column names, and the records that begin in the same block."""
        for line, block in self._blocks:
            first = next((text for text in _lines(block) if text.strip()), "")
            values = next(csv.reader([first], **self._options()))
            blanks = [value.startswith(" ") for value in values[1:]]
            self._skips_blanks = any(blanks) and all(blanks) and self.delimiter != " "
            rows = self._rows(line, block)
            for number, texts in rows:
                if texts[1:] or texts[0].strip():
                    return self._checked_names(number, texts, first), rows
        raise NnfsError(f"{self.source}: the file is empty")

    def _checked_names(self, line: int, texts: list[str], raw: str) -> tuple[str, ...]:
        if len(texts) > MOST_COLUMNS:
            raise self._error(
                line, f"{len(texts):,} columns, more than {MOST_COLUMNS:,}; save them as an array, as .npz"
            )
        names = tuple(text.strip() or f"{UNNAMED}{i}" for i, text in enumerate(texts))  # as pandas calls them
        likely = max((other for other in DELIMITERS if other != self.delimiter), key=raw.count)
        if len(names) == 1 and likely in raw:
            raise self._error(
                line,
                f"only one column, {names[0][:60]!r}: the values seem to be separated by "
                f"{DELIMITERS[likely]}, not by {delimiter_name(self.delimiter)}; "
                f"set the delimiter to {json.dumps(likely)}",
            )
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            named = listed([*map(repr, twice)])
            raise self._error(line, f"column names must differ, found more than once: {named}")
        return names

    def _error(self, line: int, text: str) -> NnfsError:
        return NnfsError(f"{self.source}, line {line}: {text}")


def _lines(block: bytes) -> list[str]:
    """A block's lines, which end in LF, CR or CRLF."""
    return list(io.StringIO(block.decode(), newline=""))


class BlockStream(io.RawIOBase):
    """Blocks of bytes as a file to read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # callers pass a memoryview
        """Fill a buffer, as every raw stream does; the next call gets what does not fit."""
        self._rest = self._rest or memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
