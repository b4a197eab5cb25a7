"""What was read of the runs in a folder, kept in the cache, so that 10,000 runs need not be read again.

It is only a cache. An entry counts while the run's files have the same times, sizes and inodes. Without the
file, or with a damaged one, the runs are read, which takes longer and gives the same.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nnfs_cli.core.files import make_folder, replacing
from nnfs_cli.core.os_errors import WriteError
from nnfs_cli.runs.finding import CONFIG, stat_of
from nnfs_cli.runs.listing import UNREADABLE
from nnfs_cli.runs.marks import FILE as MARKS
from nnfs_cli.sources.cache import INDEXES, cache_folder
from nnfs_cli.version import __version__

Content: TypeAlias = dict[str, Any]

FORMAT = 2
"""Of what is kept. Raise it when that changes."""
FEWEST_RUNS = 20
"""So few runs are read in no time."""
YOUNG = 2 * 10**9
"""Nanoseconds. A file that changed just now may change again without another time, so it is read again."""


class Index:
    """What `read` gives of each run in a folder, from the cache where it is the same as before.

    kind: what is kept.
    read: what to keep of a run, as JSON; called with its folder.
    trouble: why the cache could not be written; empty if it could.
    """

    def __init__(
        self, root: Path, kind: Literal["lines", "facts", "options"], read: Callable[[Path], Content]
    ) -> None:
        self._read, self.trouble = read, ""
        name = hashlib.sha256(os.path.realpath(root).encode(errors="surrogateescape")).hexdigest()[:32]
        self._file = cache_folder() / INDEXES / f"{name}-{kind}.json"

    def contents(self, folders: list[Path]) -> list[Content]:
        """What is kept of these runs, which are all that are in the folder."""
        if len(folders) < FEWEST_RUNS:
            return [self._read(folder) for folder in folders]
        before, now = self._load(), {}
        contents, latest = [], time.time_ns() - YOUNG
        for folder in folders:
            state, changed = _state(str(folder))  # before it is read
            entry = before.get(folder.name)
            if entry is None or entry[0] != state:
                entry = [state, self._read(folder)]
            if changed < latest and entry[1]["status"] != UNREADABLE:  # which may be the disk's bad moment
                now[folder.name] = entry
            contents.append(entry[1])
        if any(now[name] is not before.get(name) for name in now):
            self._save(now)
        return contents

    def _load(self) -> dict[str, list[Any]]:
        try:
            head, _, body = self._file.read_bytes().partition(b"\n")
            entries: dict[str, list[Any]] = json.loads(body) if head == _head(body) else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return entries

    def _save(self, entries: dict[str, list[Any]]) -> None:
        """Replace the file. Of two processes that do so, the last one's stays."""
        body = json.dumps(entries, separators=(",", ":")).encode()
        try:
            make_folder(self._file.parent)
            with replacing(self._file, private=True) as file:
                file.write(_head(body) + b"\n" + body)
        except WriteError as error:
            self.trouble = str(error)


def _head(body: bytes) -> bytes:
    """The first line of the file: what made it, and a checksum of the rest."""
    return f"nnfs {__version__} {FORMAT} {hashlib.sha256(body).hexdigest()}".encode()


def _state(folder: str) -> tuple[str, int]:
    """The state of the files that a run's entry is made from, and when the last of them changed."""
    state, changed = [], 0
    for name in (CONFIG, "summary.json", MARKS):
        try:
            file = stat_of(folder, name)
        except OSError:
            state.append("-")
        else:
            state.append(f"{file.st_mtime_ns} {file.st_ctime_ns} {file.st_size} {file.st_ino}")
            changed = max(changed, file.st_mtime_ns, file.st_ctime_ns)
    return ",".join(state), changed
