"""The commit of a folder's git repository, read from its files, without git."""

import re
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
MOST_BYTES = 2**24
"""Of a file with packed references. A hundred thousand of them take half of it."""
MOST_LINKS = 5
"""Names that stand for other names."""


def commit_of(folder: Path) -> str:
    """The commit that is checked out where a folder lies; empty if there is none, or it is not told.

    Files of the folder may differ from the commit.
    """
    try:
        absolute = folder.resolve()
        found = next(
            (each / ".git" for each in (absolute, *absolute.parents) if (each / ".git").exists()), None
        )
        return _commit(found) if found else ""
    except (OSError, ValueError, RuntimeError):  # no permission; a zero in a name; links in a circle
        return ""


def _commit(found: Path) -> str:
    """The commit of a repository's `.git`, which in a worktree is a file that names the folder."""
    if found.is_file():
        found = found.parent / _text(found).removeprefix("gitdir:").strip()
    common = found / (_text(found / "commondir") or ".")
    name = _text(found / "HEAD")
    for _ in range(MOST_LINKS):
        if not name.startswith("ref:"):
            break
        name = _reference(name.removeprefix("ref:").strip(), found, common)
    return name if COMMIT.fullmatch(name) else ""


def _reference(name: str, *folders: Path) -> str:
    """What a reference stands for; empty if it is not there, or its name could lead elsewhere."""
    if not name.startswith("refs/") or ".." in name:
        return ""
    for folder in folders:
        if text := _text(folder / name):
            return text
    lines = (line.split(" ") for line in _text(folders[-1] / "packed-refs").splitlines())
    return next((fields[0] for fields in lines if fields[1:] == [name]), "")


def _text(file: Path) -> str:
    """A file's text; empty if there is none. No pipe is waited for."""
    if not file.is_file():
        return ""
    with file.open("rb") as reader:
        return reader.read(MOST_BYTES).decode("utf-8", "replace").strip()
