"""What a user marks a run with: tags and a note. They have a file of their own and change no other file."""

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnfs_cli.config.names import NAME_RULE, is_plain_name
from nnfs_cli.core.errors import DamageError, NnfsError
from nnfs_cli.core.os_errors import unwritable
from nnfs_cli.runs.reading import REMEDY, read_own_json
from nnfs_cli.sources.lock import locked

if TYPE_CHECKING:
    from nnfs_cli.runs.directory import RunDirectory

FILE, LOCK = "marks.json", ".marks.lock"
"""The marks, and what is locked while they change, also while the run is being trained."""
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
        damage = str(error).removesuffix(f"; {REMEDY}")
        raise DamageError(f"{damage}; delete it: it holds the run's tags and note alone") from None
    tags, note = record.get("tags"), record.get("note")
    found = {tag for tag in tags if _is_tag(tag)} if isinstance(tags, list) else set()
    return Marks(tuple(sorted(found)[:MOST_TAGS]), note[:MOST_OF_A_NOTE] if isinstance(note, str) else "")


@contextmanager
def marking(folders: Iterable[Path]) -> Iterator[None]:
    """Be the only one who marks these runs in the `with` block; first wait until no other process does."""
    with ExitStack() as stack:
        for folder in sorted(folders, key=os.path.realpath):  # in the same order as others, who wait in turn
            lock = folder / LOCK
            if lock.is_symlink():
                raise NnfsError(f"{lock}: is a link, which nnfs does not make; delete it")
            try:
                stack.enter_context(locked(lock))
            except OSError as error:
                raise unwritable(lock, error) from None
        yield


def write_marks(run: "RunDirectory", marks: Marks) -> None:
    """Write a run's marks, also while it is being trained."""
    run.write_json(FILE, {"tags": list(marks.tags), "note": marks.note})


def _is_tag(tag: object) -> bool:
    return isinstance(tag, str) and len(tag) <= MOST_OF_A_TAG and is_plain_name(tag)
