"""The arrays of a page as one block of bytes, deflated, in base64."""

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape

TYPES = {"f4": np.float32, "f8": np.float64, "u1": np.uint8, "i4": np.int32}
"""The types that JavaScript reads without converting, by the name that a reference gives them."""


@dataclass
class Block:
    """Collects arrays; the page finds each by the reference that `add` gives."""

    _bytes: bytearray = field(default_factory=bytearray)
    _known: dict[tuple[str, Shape, bytes], dict[str, Any]] = field(default_factory=dict)

    def add(self, array: Array) -> dict[str, Any]:
        """Put the array into the block, once. A reference: dtype, shape, and the offset in bytes.

        Integers must fit into 32 bits. Real numbers keep every bit; float16 becomes float32.
        """
        kind = _kind(array)
        plain = np.ascontiguousarray(array, np.dtype(TYPES[kind]).newbyteorder("<"))
        content = plain.tobytes()
        key = kind, array.shape, content
        if key not in self._known:
            self._bytes.extend(bytes(-len(self._bytes) % plain.itemsize))
            self._known[key] = {"dtype": kind, "shape": list(array.shape), "offset": len(self._bytes)}
            self._bytes.extend(content)
        return self._known[key]

    def text(self) -> str:
        """The block in base64."""
        return base64.b64encode(zlib.compress(bytes(self._bytes), 9)).decode()


def _kind(array: Array) -> str:
    if array.dtype == np.uint8 or array.dtype == bool:
        return "u1"
    if array.dtype.kind in "iu":
        return "i4"
    return "f4" if array.dtype.itemsize <= 4 else "f8"
