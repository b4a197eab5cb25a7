"""The layout of an array in an .npy file, checked before anything is read; never unpickled."""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, slices
from nnfs_cli.sources.opening import PART

HEADER = 12 + 10_000
"""The bytes of the longest header that NumPy reads."""


class PickleError(ValueError):
    """The file holds Python objects, and reading them could run any code."""


@dataclass(frozen=True)
class Layout:
    """An array's shape and type, whether its first index varies fastest, and where its numbers start."""

    shape: Shape
    dtype: np.dtype[Any]
    fortran: bool
    start: int

    @classmethod
    def of(cls, head: bytes, size: int) -> "Layout":
        """The layout that the first HEADER bytes of a file of `size` bytes declare.

        ValueError, or what NumPy raises, if the file cannot hold such an array. PickleError for objects.
        """
        if head[:1] == b"\x80":
            raise PickleError("pickle")
        file = io.BytesIO(head)
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file)
        if dtype.hasobject:
            raise PickleError("objects")
        declared = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or dtype.itemsize == 0 or file.tell() + declared != size:
            raise ValueError(
                f"its header says {shape} of {dtype}, which is {declared:,} bytes, but "
                f"{size - file.tell():,} follow"
            )
        return cls(shape, dtype, fortran, file.tell())

    @property
    def size(self) -> int:
        """The bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def map(self, path: Path, begin: int = 0) -> Array:
        """The array, mapped into memory, of a file that begins at this place of another one."""
        if not self.size:
            return self._empty()
        order: Literal["F", "C"] = "F" if self.fortran else "C"
        return np.memmap(path, self.dtype, "r", begin + self.start, self.shape, order)

    def read(self, head: bytes, file: IO[bytes]) -> Array:
        """The array of a file whose first bytes, `head`, were read. ValueError if the file ends too early."""
        array = self._empty()
        numbers = np.asarray(array.T if self.fortran else array).reshape(-1).view(np.uint8).data
        held = head[self.start :]
        numbers[: len(held)] = held
        for here in slices(self.size, PART, len(held)):
            part = file.read(here.stop - here.start)
            if len(part) < here.stop - here.start:
                raise ValueError("it is truncated")
            numbers[here] = part
        if file.read(1):  # at the end, zipfile compares the checksum
            raise ValueError("it does not end where its array does")
        return array

    def _empty(self) -> Array:
        return np.empty(self.shape, self.dtype, order="F" if self.fortran else "C")
