"""The IDX format of MNIST: a header with type and dimensions, then the numbers, all big-endian."""

import gzip
import io
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
PART = 2**20
"""Bytes that are decompressed at a time."""

MOST_DIMENSIONS = 32
"""NumPy 1 holds no more. A larger number means that the file has another format."""


def read_idx(path: Path) -> Array:
    """The array of an IDX file, plain or gzipped, in this machine's byte order; bytes stay uint8.

    NnfsError if it is no IDX file, is damaged, or its length does not fit its header.
    """
    return parse_idx(unpack(read_whole(path), path), path)


def read_whole(path: Path) -> bytes:
    """A file's bytes; NnfsError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NnfsError(f"{path}: cannot be read: {error.strerror}") from None


def unpack(content: bytes, path: Path) -> bytes | bytearray:
    """A file's `content`, decompressed if it is gzip, whatever its name."""
    if content[:2] != GZIP:
        return content
    payload = bytearray()  # grows in place; `gzip.decompress` would hold everything twice
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            while part := stream.read(PART):
                payload += part
        return payload
    except (OSError, EOFError, zlib.error) as error:
        raise NnfsError(
            f"{path}: truncated or corrupted ({error}); delete it, and copy or download it again"
        ) from None


def open_idx(path: Path) -> Array:
    """The same as `read_idx`, but mapped into memory if the file is not compressed."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4 + 4 * MOST_DIMENSIONS)
        size = path.stat().st_size
    except OSError as error:
        raise NnfsError(f"{path}: cannot be read: {error.strerror}") from None
    if beginning[:2] == GZIP:
        return read_idx(path)
    dtype, shape, start = _parse_header(beginning, size, path)
    return np.memmap(path, dtype, "r", start, shape)


def parse_idx(payload: bytes | bytearray, path: Path) -> Array:
    """The array in an IDX file's bytes: 0, 0, type, rank, dimensions, numbers. `path` is for messages."""
    dtype, shape, start = _parse_header(payload[: 4 + 4 * MOST_DIMENSIONS], len(payload), path)
    array = np.frombuffer(payload, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _parse_header(payload: bytes | bytearray, size: int, path: Path) -> tuple[np.dtype[Any], Shape, int]:
    """Type, shape and start of the numbers, from the first bytes of a file of `size` bytes."""
    code, rank = (payload[2], payload[3]) if len(payload) >= 4 else (0, 0)
    start = 4 + 4 * rank
    if payload[:2] != b"\0\0" or code not in TYPES or not 1 <= rank <= MOST_DIMENSIONS:
        beginning = f"it starts with {payload[:4].hex(' ')}" if payload else "it is empty"
        raise NnfsError(f"{path}: not an IDX file: {beginning}")
    if size < start:
        raise NnfsError(f"{path}: truncated or corrupted: it ends within its header of {start} bytes")
    dtype: np.dtype[Any] = np.dtype(TYPES[code])
    shape = tuple(int(length) for length in np.frombuffer(payload, ">u4", rank, 4))
    wanted, found = math.prod(shape) * dtype.itemsize, size - start
    if wanted != found:
        raise NnfsError(
            f"{path}: truncated or corrupted: its header says {shape}, which is {wanted} bytes, "
            f"but {found} follow"
        )
    if not wanted:
        raise NnfsError(f"{path}: holds nothing: its header says {shape}")
    return dtype, shape, start
