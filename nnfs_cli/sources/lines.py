"""The lines of a text file, in blocks of UTF-8."""

import codecs
from collections.abc import Iterator
from typing import IO

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.opening import NOT_UNPACKED, damaged

BLOCK = 1 << 18
"""Bytes that are read together: few enough that large files need little memory."""
LONGEST = 1 << 24
"""The bytes of the longest line, and of the longest quoted value: no table has longer ones."""
UTF8 = ("utf-8", "utf8", "utf-8-sig")
NO_FILES = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined")
"""Encodings of host names and of programs' texts, as Python calls them; no file is written in them."""
BINARY = {
    b"PK\x03\x04": "an Excel workbook or zip file; save the table as CSV",
    b"\x1f\x8b": "compressed by gzip; decompress it first, as with `gzip -dc`",
    b"PAR1": "a Parquet file; name it .parquet",
    codecs.BOM_UTF16_LE: "the file is UTF-16, not UTF-8; set the encoding to utf-16",
    codecs.BOM_UTF16_BE: "the file is UTF-16, not UTF-8; set the encoding to utf-16",
}
"""How files begin that are no UTF-8, and what to do about them."""


def is_encoding(name: str) -> bool:
    """Whether files may be written in a text encoding of this name; codecs such as rot13 are none."""
    try:
        known = codecs.lookup(name).name.replace("_", "-") not in NO_FILES
        return (
            known and codecs.getincrementaldecoder(name) is not None and "y".encode(name).decode(name) == "y"
        )
    except (LookupError, UnicodeError, ValueError):
        return False


def numbered_blocks(stream: IO[bytes], source: str, encoding: str) -> Iterator[tuple[int, bytes]]:
    """The first line, then blocks of whole lines, as UTF-8; each with the number of its first line.

    A line ends in LF, CR or CRLF. NnfsError, with the line, for what is no text in this encoding, and for a
    line longer than LONGEST.
    """
    line = 1
    is_utf8 = encoding.lower() in UTF8
    blocks = _utf8(stream, source) if is_utf8 else _whole_lines(_decoded(stream, encoding))
    try:
        for number, block in enumerate(blocks):
            if b"\0" in block:
                at = line + line_count(block[: block.index(b"\0")])
                raise NnfsError(f"{source}, line {at}: a zero byte: the file is no text, or not {encoding}")
            block = block if number else block.removeprefix(codecs.BOM_UTF8)
            head, end, tail = (block, b"", b"") if number else block.partition(b"\n")
            for part in (head + end, tail):
                if part:
                    yield line, part
                    line += line_count(part)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="ignore").encode(errors="ignore")
        raise NnfsError(f"{source}, line {line + line_count(before)}: {_undecodable(error)}") from None
    except UnicodeError as error:
        raise NnfsError(f"{source}, line {line} or below: not {encoding}: {error}") from None
    except _LongLineError:
        raise NnfsError(
            f"{source}, line {line}: longer than {LONGEST >> 20} MB: no table, or one without line ends"
        ) from None
    except NOT_UNPACKED as error:
        raise damaged(source, error) from None


def line_count(block: bytes) -> int:
    """How many line ends there are."""
    lines = block.count(b"\n")
    return lines + block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else lines


class _LongLineError(Exception):
    """A line is longer than LONGEST."""


def _utf8(stream: IO[bytes], source: str) -> Iterator[bytes]:
    """Blocks of whole lines, if they are UTF-8."""
    for number, block in enumerate(_whole_lines(iter(lambda: stream.read(BLOCK), b""))):
        for start, problem in BINARY.items() if number == 0 else ():
            if block.startswith(start):
                raise NnfsError(f"{source}, line 1: {problem}")
        if not block.isascii():
            block.decode()
        yield block


def _decoded(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """A stream's text as UTF-8, piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding)()
    while raw := stream.read(BLOCK):
        yield decoder.decode(raw).encode()
    yield decoder.decode(b"", final=True).encode()


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end where a line does; the last line gets an end if it has none."""
    held: list[bytes] = []  # the beginning of a line
    size = 0
    for piece in pieces:
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, -1)) + 1  # a CR at the end may belong to a CRLF
        if end:
            held, piece = [*held, piece[:end]], piece[end:]  # while a block is used, nothing else is held
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
        if size > LONGEST:
            raise _LongLineError
    last = b"".join(held)
    if last:
        yield last if last.endswith((b"\n", b"\r")) else last + b"\n"


def _undecodable(error: UnicodeDecodeError) -> str:
    """What is wrong; for UTF-8 with a likely reading, from the same line."""
    if error.encoding != "utf-8":
        return f"not {error.encoding}: {error}"
    start = max(error.object.rfind(b"\n", 0, error.start) + 1, error.start - 8)
    likely = error.object[start:].split(b"\n")[0].decode("cp1252", errors="replace")[:16].strip()
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8; read as cp1252 it is {likely!r}"
