"""The arrays of an .npz file: members, sizes and checksums are checked before numbers are used."""

import struct
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.memory import require_memory
from nnfs_cli.sources.npy import HEADER, Layout
from nnfs_cli.sources.opening import crc32, most_unpacked, open_file

LOCAL_HEADER = struct.Struct("<4s22xHH")
"""A zip member's signature, and the lengths of its name and extra field (PKWARE APPNOTE, 4.3.7)."""
SUFFIX = ".npy"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1
"""The bit of a member's flags that says so."""


class Archive:
    """An open .npz file.

    names: its arrays.
    What is damaged, encrypted or larger than it can be raises one of `arrays.UNREADABLE`.
    """

    def __init__(self, path: Path, file: BinaryIO, zipped: zipfile.ZipFile) -> None:
        self._path, self._file, self._zip = path, file, zipped
        members = [info for info in zipped.infolist() if info.filename.endswith(SUFFIX)]
        self._members = {info.filename.removesuffix(SUFFIX): info for info in members}
        if len(self._members) < len(members):
            counts = Counter(info.filename for info in members)
            raise ValueError(f"it has {counts.most_common(1)[0][0]!r} more than once")

    @property
    def names(self) -> Collection[str]:
        return self._members.keys()

    def layout(self, name: str) -> Layout:
        """The layout of an array."""
        info = self._member(name)
        with self._zip.open(info) as member:
            return Layout.of(member.read(HEADER), info.file_size)

    def read(self, name: str) -> Array:
        """An array, read into memory. The checksum is compared."""
        info = self._member(name)
        with self._zip.open(info) as member:
            head = member.read(HEADER)
            layout = Layout.of(head, info.file_size)
            require_memory(
                layout.size, f"{self._path}: the array {name!r}", "save it without compression, by np.savez"
            )
            return layout.read(head, member)

    def open(self, name: str) -> Array:
        """The same, but mapped into memory if the array is not compressed."""
        info = self._member(name)
        if info.compress_type != zipfile.ZIP_STORED:
            return self.read(name)
        layout = self.layout(name)
        self._file.seek(info.header_offset)
        _, *lengths = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
        begin = info.header_offset + LOCAL_HEADER.size + sum(lengths)
        self._file.seek(begin)
        if crc32(self._file, info.file_size) != info.CRC:
            raise zipfile.BadZipFile(f"the checksum of {info.filename!r} is wrong")
        return layout.map(self._path, begin)

    def _member(self, name: str) -> zipfile.ZipInfo:
        """The member of an array, if NumPy could have written it."""
        info = self._members[name]
        if info.flag_bits & ENCRYPTED:
            raise ValueError(f"{info.filename!r} is encrypted; save it without a password")
        if info.compress_type not in METHODS:
            raise ValueError(f"{info.filename!r} is compressed by another method than NumPy's, deflate")
        packed = info.compress_type == zipfile.ZIP_DEFLATED
        if packed and info.file_size > most_unpacked(info.compress_size):
            raise ValueError(
                f"{info.filename!r} unpacks {info.compress_size:,} bytes to {info.file_size:,}, as no usual "
                f"array does; if it is right, save it without compression, by np.savez"
            )
        return info


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """An .npz file, open in the `with` block."""
    with open_file(path) as file, zipfile.ZipFile(file) as zipped:
        yield Archive(path, file, zipped)
