"""The IDX format of MNIST: a header with type and dimensions, then the numbers, all big-endian."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.memory import require_memory
from nnfs_cli.core.os_errors import unreadable
from nnfs_cli.sources.opening import NOT_UNPACKED, PART, damaged, most_unpacked, open_bytes, open_file, stored

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS = 32
"""NumPy 1 holds no more. A larger number means that the file has another format."""


@dataclass(frozen=True)
class Header:
    """What an IDX file declares: type, shape, and its own bytes.

    NnfsError if it is no header, or one of a file that holds nothing.
    """

    dtype: np.dtype[Any]
    shape: Shape
    start: int

    @classmethod
    def of(cls, beginning: bytes, path: Path) -> "Header":
        """The header in the first bytes of a file. `path` is for messages."""
        code, rank = (beginning[2], beginning[3]) if len(beginning) >= 4 else (0, 0)
        start = 4 + 4 * rank
        if beginning[:2] != b"\0\0" or code not in TYPES or not 1 <= rank <= MOST_DIMENSIONS:
            found = f"it starts with {beginning[:4].hex(' ')}" if beginning else "it is empty"
            raise NnfsError(f"{path}: not an IDX file: {found}")
        if len(beginning) < start:
            raise NnfsError(f"{path}: truncated or corrupted: it ends within its header of {start} bytes")
        shape = tuple(int(length) for length in np.frombuffer(beginning, ">u4", rank, 4))
        if not math.prod(shape):
            raise NnfsError(f"{path}: holds nothing: its header says {shape}")
        return cls(np.dtype(TYPES[code]), shape, start)

    @property
    def size(self) -> int:
        """The bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def refuse(self, found: str, path: Path) -> NnfsError:
        """The error for a file that has not as many bytes as its header says."""
        return NnfsError(
            f"{path}: truncated or corrupted: its header says {self.shape}, which is {self.size} bytes, "
            f"but {found} follow"
        )


HEADER = 4 + 4 * MOST_DIMENSIONS
"""The bytes of the longest header."""


def read_idx(path: Path) -> Array:
    """The array of an IDX file, plain or gzipped, in this machine's byte order; bytes stay uint8.

    NnfsError if it is no IDX file, is damaged, or its length does not fit its header.
    """
    return read_verified(path)[0]


def read_verified(path: Path) -> tuple[Array, str]:
    """The same, and the SHA-256 of the whole content, decompressed."""
    packed, held = stored(path)
    with open_bytes(path) as file:
        try:
            beginning = file.read(HEADER)
            header = Header.of(beginning, path)
            if packed and header.start + header.size > most_unpacked(held):
                raise header.refuse(f"at most {most_unpacked(held)}", path)
            if not packed and header.start + header.size != held:
                raise header.refuse(str(held - header.start), path)
            require_memory(header.size, f"{path}: the array", "decompress it, or take fewer rows")
            numbers = _numbers(file, beginning[header.start :], header, path)
        except NOT_UNPACKED as error:
            raise damaged(path, error) from None
        except OSError as error:
            raise unreadable(path, error) from None
    digest = hashlib.sha256(beginning[: header.start])
    digest.update(numbers.data)
    array = numbers.view(header.dtype).reshape(header.shape)
    return array.astype(header.dtype.newbyteorder("="), copy=False), digest.hexdigest()


def open_idx(path: Path) -> Array:
    """The same as `read_idx`, but mapped into memory if the file is not compressed."""
    packed, size = stored(path)
    if packed:
        return read_idx(path)
    with open_file(path) as file:
        header = Header.of(file.read(HEADER), path)
    if header.start + header.size != size:
        raise header.refuse(str(size - header.start), path)
    return np.memmap(path, header.dtype, "r", header.start, header.shape)


def _numbers(file: IO[bytes], held: bytes, header: Header, path: Path) -> Array:
    """The bytes of the numbers, of which `held` were read. No more are unpacked than the header says."""
    numbers = np.empty(header.size, np.uint8)
    done = 0
    while part := held[done:] or file.read(min(PART, header.size - done + 1)):
        if done + len(part) > header.size:
            raise header.refuse("more", path)
        numbers[done : done + len(part)] = memoryview(part)
        done, held = done + len(part), b""
    if done < header.size:
        raise header.refuse(str(done), path)
    return numbers
