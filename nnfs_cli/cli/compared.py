"""Where pictures of several runs or studies are written."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

MOST_LETTERS = 120
"""Of a folder's name."""


def compared_folder(runs: Path, ids: Sequence[str]) -> Path:
    """A folder below `compared` that is named by what is compared: the same for the same, and no others."""
    name = "+".join(sorted(ids))
    if len(name) > MOST_LETTERS:
        name = f"{name[: MOST_LETTERS - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return runs / "compared" / name
