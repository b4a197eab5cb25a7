"""Parsed tables in the cache folder, used only as long as their files have not changed."""

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnfs_cli.core.arrays import slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import make_folder, replacing
from nnfs_cli.sources.arrays import open_npy
from nnfs_cli.sources.cache import TABLES, cache_folder
from nnfs_cli.sources.dialect import Dialect
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.gathered import NUMBERS
from nnfs_cli.sources.opening import crc32
from nnfs_cli.sources.table import Table, Texts
from nnfs_cli.sources.table_reader import read_table

VERSION = 5
"""The version of the cache format. Entries of another version are not found."""
DIGEST = 65
"""The bytes of an entry's first line."""
RACE_NS = 2_000_000_000
"""Nanoseconds. A file changed this shortly before it was read may change again without a new time stamp."""


@dataclass(frozen=True)
class Stamp:
    """What shows, without reading a file, that it has not changed; and its content's SHA-256."""

    path: str
    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        stat = path.stat()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, digest)

    def still_holds(self, path: Path, taken_ns: int) -> bool:
        """Whether a file is unchanged since the stamp was taken.

        On POSIX nobody can set back the time at which a file changed. So equal stamps mean equal files,
        unless the file changed just before it was read. In all other cases the content decides.
        """
        stat = path.stat()
        if stat.st_size != self.size:
            return False
        now = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        untouched = now == (self.modified_ns, self.changed_ns, self.inode)
        if os.name == "posix" and untouched and self.changed_ns < taken_ns - RACE_NS:
            return True
        return Stamp.of(path).sha256 == self.sha256


def cached_table(paths: Sequence[Path], dialect: Dialect, kinds: ColumnKinds) -> tuple[Table, str]:
    """`read_table`, from the cache if the same files were read before; and their contents' fingerprint.

    A cached table's arrays are mapped into memory. Damaged entries are made again; where none can be written,
    the table's note says so.
    """
    options = [VERSION, [str(path.resolve()) for path in paths], asdict(dialect), asdict(kinds)]
    key = hashlib.sha256(json.dumps(options, default=sorted).encode()).hexdigest()[:32]
    entry = cache_folder() / TABLES / f"{key}.json"
    found = _load(entry, paths)
    if found is not None:
        return found
    taken_ns = time.time_ns()
    stamps = [Stamp.of(path) for path in paths]
    table = read_table(paths, dialect, kinds)
    if _all_hold(stamps, paths, taken_ns):  # they have not changed meanwhile
        try:
            table = _mapped(table, _store(entry, table, stamps, taken_ns))
        except FileNotFoundError:  # another process just cleared the cache
            pass
        except (OSError, NnfsError) as error:
            said = f"the parsed table cannot be kept for the next time: {error}"
            table = replace(table, note=f"{said}; NNFS_CACHE may name another folder")
    return table, _fingerprint(stamps)


def _all_hold(stamps: Sequence[Stamp], paths: Sequence[Path], taken_ns: int) -> bool:
    return all(stamp.still_holds(path, taken_ns) for stamp, path in zip(stamps, paths, strict=True))


def _fingerprint(stamps: Sequence[Stamp]) -> str:
    return hashlib.sha256("".join(stamp.sha256 for stamp in stamps).encode()).hexdigest()


def _mapped(table: Table, files: Iterable[Path]) -> Table:
    """The same table, its numbers and codes mapped into memory from these files, to keep no second copy."""
    numbers, codes = map(open_npy, files)
    columns = zip(table.texts.items(), codes.T, strict=True)
    return replace(
        table, numbers=numbers, texts={name: replace(old, codes=new) for (name, old), new in columns}
    )


def _store(entry: Path, table: Table, stamps: Sequence[Stamp], taken_ns: int) -> list[Path]:
    """Write the arrays, with names that follow from the content, and then the entry that names them.

    Returns the files of numbers and codes.
    """
    _refuse_link(entry.parent)
    make_folder(entry.parent)
    stem = f"{entry.stem}-{_fingerprint(stamps)[:16]}"
    paths = [entry.with_name(f"{stem}-{name}.npy") for name in ("numbers", "codes")]
    with replacing(paths[0], private=True) as file:
        np.save(file, table.numbers)
    with replacing(paths[1], private=True) as file:
        _save_codes(file, table)
    record = {
        "taken_ns": taken_ns,
        "stamps": [asdict(stamp) for stamp in stamps],
        "checksums": {path.name: _checksum(path) for path in paths},
        "source": table.source,
        "names": table.names,
        "numeric": table.numeric,
        "nested": table.nested,
        "levels": {name: column.levels for name, column in table.texts.items()},
    }
    content = json.dumps(record).encode()
    with replacing(entry, private=True) as file:
        file.write(_digest(content) + content)
    for old in entry.parent.glob(f"{entry.stem}-*.npy"):
        if not old.name.startswith(stem):
            with suppress(OSError):  # another process may be reading it
                old.unlink()
    return paths


def _save_codes(file: BinaryIO, table: Table) -> None:
    """Write the codes of all texts as an array (R, T), some rows at a time."""
    columns = [column.codes for column in table.texts.values()]
    header = {"descr": "<i4", "fortran_order": False, "shape": (len(table), len(columns))}
    np.lib.format.write_array_header_1_0(file, header)
    if columns:
        for here in slices(len(table), max(NUMBERS // len(columns), 1)):
            file.write(np.stack([codes[here] for codes in columns], axis=1).astype("<i4").tobytes())


def _load(entry: Path, paths: Sequence[Path]) -> tuple[Table, str] | None:
    """The table of an entry, if its files are still the same, and it is whole."""
    try:
        for path in (entry.parent, entry):
            _refuse_link(path)
        content = entry.read_bytes()
        if _digest(content[DIGEST:]) != content[:DIGEST]:
            return None
        record: dict[str, Any] = json.loads(content[DIGEST:])
        stamps = [Stamp(**stamp) for stamp in record["stamps"]]
        if not _all_hold(stamps, paths, record["taken_ns"]):
            return None
        files = {entry.with_name(name): checksum for name, checksum in record["checksums"].items()}
        if any(_checksum(file) != checksum for file, checksum in files.items()):
            return None
        numbers, codes = map(open_npy, files)
    except (OSError, NnfsError):  # missing: parse again
        return None
    texts = {
        name: Texts(column, tuple(levels))
        for (name, levels), column in zip(record["levels"].items(), codes.T, strict=True)
    }
    names, numeric, nested = (tuple(record[key]) for key in ("names", "numeric", "nested"))
    table = Table(record["source"], names, numeric, numbers, texts, nested=nested)
    return table, _fingerprint(stamps)


def _digest(content: bytes) -> bytes:
    """The first line of an entry, which shows that the rest is whole: its SHA-256."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n"


def _checksum(path: Path) -> int:
    _refuse_link(path)
    with path.open("rb") as file:
        return crc32(file)


def _refuse_link(path: Path) -> None:
    """Raise OSError for a link: what it names is no part of the cache."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "a link, which is not followed", str(path))
