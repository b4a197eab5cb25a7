"""The cache folder: what was downloaded or parsed once. It may be deleted at any time."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

TABLES, INDEXES = "tables", "runs"
"""The folder of parsed tables, and that of the indexes of runs."""
LOCK = ".lock"
"""The file that shows that nnfs made a folder of downloads. It stays, since others may wait for it."""
TABLE = re.compile(r"[0-9a-f]{32}(\.json|-[0-9a-f]{16}-(numbers|codes)\.npy)|\.[0-9a-f]{16}\.part")
INDEX = re.compile(r"[0-9a-f]{32}-(lines|facts|options)\.json|\.[0-9a-f]{16}\.part")
DOWNLOAD = re.compile(r"[\w-]+-ubyte\.gz|\.[\w-]+-ubyte\.gz\.[0-9a-f]{8}\.part")


@dataclass(frozen=True)
class Cleared:
    """What clearing the cache did.

    size: the bytes of the files that were deleted.
    left: what nnfs did not make, or could not delete, seen from the folder.
    """

    folder: Path
    size: int
    left: tuple[str, ...]


def cache_folder() -> Path:
    """The cache folder: the environment variable NNFS_CACHE, else the system's folder for caches."""
    return Path(os.environ.get("NNFS_CACHE") or platformdirs.user_cache_dir("nnfs", appauthor=False))


def clear_cache() -> Cleared:
    """Delete the files in the cache folder that nnfs made, told by folder and name. It follows no link."""
    folder = cache_folder()
    size, left = 0, []
    for place in _inside(folder):
        names = _own_names(place)
        if names is None:
            left.append(place.name)
            continue
        for file in _inside(place):
            deleted = _delete(file) if names.fullmatch(file.name) else None
            size += deleted or 0
            if deleted is None and file.name != LOCK:
                left.append(f"{place.name}/{file.name}")
    for place in (folder / TABLES, folder / INDEXES, folder):
        with suppress(OSError):  # it is not empty, or was not there
            place.rmdir()
    return Cleared(folder, size, tuple(sorted(left)))


def _inside(folder: Path) -> Iterator[Path]:
    """What is in a folder; nothing if it is not there any more."""
    try:
        with os.scandir(folder) as entries:
            yield from [Path(entry) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return


def _own_names(place: Path) -> re.Pattern[str] | None:
    """How nnfs calls its files in a folder; None for a folder that it did not make."""
    if place.is_symlink() or not place.is_dir():
        return None
    if place.name in (TABLES, INDEXES):
        return TABLE if place.name == TABLES else INDEX
    return DOWNLOAD if (place / LOCK).is_file() else None


def _delete(file: Path) -> int | None:
    """Delete a file, and tell how many bytes it had; None if that cannot be done."""
    try:
        size = file.lstat().st_size
        file.unlink()
    except FileNotFoundError:  # another process deleted it
        return 0
    except OSError:
        return None
    return size
