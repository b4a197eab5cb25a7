"""The lines of a text file, in blocks of UTF-8."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from nnfs_cli.core.errors import NnfsError

BLOCK = 1 << 18
"""Bytes that are read together: few enough that large files need little memory."""
UTF8 = ("utf-8", "utf8", "utf-8-sig")
BINARY = {
    b"PK\x03\x04": "an Excel workbook or zip file; save the table as CSV",
    b"\x1f\x8b": "compressed by gzip; decompress it first, as with `gzip -dc`",
    b"PAR1": "a Parquet file; name it .parquet",
    codecs.BOM_UTF16_LE: "the file is UTF-16, not UTF-8; set the encoding to utf-16",
    codecs.BOM_UTF16_BE: "the file is UTF-16, not UTF-8; set the encoding to utf-16",
}
"""How files begin that are no UTF-8, and what to do about them."""


def numbered_blocks(stream: IO[bytes], source: str, encoding: str) -> Iterator[tuple[int, bytes]]:
    """The first line, then blocks of whole lines, as UTF-8; each with the number of its first line.

    A line ends in LF, CR or CRLF. NnfsError, with the line, for what is no text in this encoding.
    """
    line = 1
    blocks = _utf8_blocks(stream, source) if encoding.lower() in UTF8 else _decoded_blocks(stream, encoding)
    try:
        for number, block in enumerate(blocks):
            if b"\0" in block:
                at = line + line_count(block[: block.index(b"\0")])
                raise NnfsError(f"{source}, line {at}: a zero byte: the file is no text, or not {encoding}")
            head, end, tail = block.partition(b"\n") if number == 0 else (block, b"", b"")
            for part in (head + end, tail):
                if part:
                    yield line, part
                    line += line_count(part)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="ignore").encode()
        raise NnfsError(f"{source}, line {line + line_count(before)}: {_undecodable(error)}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NnfsError(f"{source}: truncated or corrupted ({error}); copy it again") from None


def line_count(block: bytes) -> int:
    """How many line ends there are."""
    lines = block.count(b"\n")
    return lines + block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else lines


def open_bytes(path: Path) -> IO[bytes]:
    """A file's content, decompressed if it is gzip, whatever its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else path.open("rb")


def _utf8_blocks(stream: IO[bytes], source: str) -> Iterator[bytes]:
    block = stream.read(BLOCK) + stream.readline()
    for start, problem in BINARY.items():
        if block.startswith(start):
            raise NnfsError(f"{source}, line 1: {problem}")
    block = block.removeprefix(codecs.BOM_UTF8)
    while block:
        if not block.isascii():
            block.decode()
        yield _with_line_end(block)
        block = stream.read(BLOCK) + stream.readline()


def _decoded_blocks(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    text = decoder.decode(stream.read(BLOCK)).removeprefix("\ufeff")
    while raw := stream.read(BLOCK):
        whole, end, text = text.rpartition("\n")
        if end:
            yield (whole + end).encode()
        text += decoder.decode(raw)
    text += decoder.decode(b"", final=True)
    if text:
        yield _with_line_end(text.encode())


def _with_line_end(block: bytes) -> bytes:
    return block if block.endswith((b"\n", b"\r")) else block + b"\n"


def _undecodable(error: UnicodeDecodeError) -> str:
    """What is wrong; for UTF-8 with a likely reading, from the same line."""
    if error.encoding != "utf-8":
        return f"not {error.encoding}: {error}"
    start = max(error.object.rfind(b"\n", 0, error.start) + 1, error.start - 8)
    likely = error.object[start:].split(b"\n")[0].decode("cp1252", errors="replace")[:16].strip()
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8; read as cp1252 it is {likely!r}"
