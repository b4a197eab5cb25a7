"""Where pictures of several runs or studies are written."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

MOST_BYTES = 120
"""Of a folder's name, in UTF-8."""


def compared_folder(runs: Path, ids: Sequence[str]) -> Path:
    """A folder below `compared` that is named by what is compared: the same for the same, and no others."""
    whole = "+".join(sorted(ids))
    name = whole.replace("/", "-")
    if name != whole or "+" in "".join(ids) or len(name.encode()) > MOST_BYTES:
        digest = hashlib.sha256("\0".join(sorted(ids)).encode()).hexdigest()[:8]
        name = f"{name.encode()[: MOST_BYTES - 9].decode(errors='ignore')}-{digest}"
    return runs / "compared" / name
