"""What a user marks a run with: tags and a note. They have a file of their own and change no other file."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnfs_cli.config.names import NAME_RULE, is_plain_name
from nnfs_cli.core.errors import DamageError, NnfsError
from nnfs_cli.runs.reading import read_own_json

if TYPE_CHECKING:
    from nnfs_cli.runs.directory import RunDirectory

FILE = "marks.json"
MOST_TAGS, MOST_OF_A_TAG, MOST_OF_A_NOTE = 100, 60, 2000
"""Of a run; letters of a tag, and of a note."""


@dataclass(frozen=True)
class Marks:
    """A run's tags, sorted, and its note."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def changed(self, tags: Collection[str], untags: Collection[str], note: str | None) -> "Marks":
        """The marks with more tags, without others, and with another note. NnfsError if one cannot be."""
        for tag in tags:
            if not _is_tag(tag):
                raise NnfsError(
                    f"--tag: must be a name of at most {MOST_OF_A_TAG} letters: {NAME_RULE}; found {tag!r}"
                )
        if note is not None and len(note) > MOST_OF_A_NOTE:
            raise NnfsError(f"--note: may have {MOST_OF_A_NOTE:,} letters, found {len(note):,}")
        kept = tuple(sorted({*self.tags, *tags} - set(untags)))
        if len(kept) > MOST_TAGS:
            raise NnfsError(f"--tag: a run may have {MOST_TAGS} tags, found {len(kept)}")
        return Marks(kept, self.note if note is None else note.strip())


def read_marks(folder: Path) -> Marks:
    """The marks of the run in a folder, which may be from someone else. NnfsError if they cannot be read."""
    if not (folder / FILE).is_file():
        return Marks()
    try:
        record = read_own_json(folder, FILE)
    except DamageError as error:
        raise DamageError(f"{error}; or delete it: it holds the run's tags and note alone") from None
    tags, note = record.get("tags"), record.get("note")
    found = {tag for tag in tags if _is_tag(tag)} if isinstance(tags, list) else set()
    return Marks(tuple(sorted(found)[:MOST_TAGS]), note[:MOST_OF_A_NOTE] if isinstance(note, str) else "")


def write_marks(run: "RunDirectory", marks: Marks) -> None:
    """Write a run's marks, also while it is being trained."""
    run.write_json(FILE, {"tags": list(marks.tags), "note": marks.note})


def _is_tag(tag: object) -> bool:
    return isinstance(tag, str) and len(tag) <= MOST_OF_A_TAG and is_plain_name(tag)
