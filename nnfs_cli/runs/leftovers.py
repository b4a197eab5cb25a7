"""Temporary files that killed writers left in a run."""

import re
import time
from contextlib import suppress
from pathlib import Path

NAME = re.compile(r"\.[0-9a-f]{16}\.part")
STALE_SECONDS = 60.0
"""Younger files stay, since `nnfs plot` or `nnfs evaluate` may be writing them now."""


def remove_leftovers(folder: Path) -> None:
    """Remove them from a run's folder and its pictures. The run's next writer does so."""
    for place in (folder, folder / "plots"):
        if place.is_symlink():  # it may lead to somebody's files
            continue
        for file in place.glob(".*.part"):
            with suppress(OSError):
                is_stale = time.time() - file.lstat().st_mtime > STALE_SECONDS
                if is_stale and NAME.fullmatch(file.name):
                    file.unlink()
