"""Whose plugins run: the user's own, and those of runs that the user trained on this machine.

A plugin is code. One that a config of the user names is run, since the user wrote it, or chose it. The
directory of a run or of a study may come from anyone. So a training leaves a note of its tag and copies of
plugins in the user's state folder, outside of it; without this note, or if a file of code in there is another
one, no plugin of it is run unless the user says so.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import all_suffixes
from itertools import islice
from pathlib import Path

import platformdirs

from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.core.seal import tag_of

MOST_NOTES = 10_000
MOST_FILES, MOST_BYTES = 1_000, 64 * 2**20
"""Of code in a run that is worth a note."""
STUDY, PLUGINS = "study.yaml", "plugins"
"""A study's config, and its folder with copies of its plugins."""
FILES_OF_RUNS = ("summary.json", "preparation.json", "checkpoint.npz", "weights.npz", "epochs.csv")


class UntrustedError(NnfsError):
    """Plugins that are not run, since they may be someone else's."""


def note_folder() -> Path:
    """Where trainings leave their notes: below NNFS_STATE, or the system's folder for programs' state."""
    folder = os.environ.get("NNFS_STATE") or platformdirs.user_state_dir("nnfs", appauthor=False)
    return Path(folder) / "plugins"


def remember(run: Path) -> None:
    """Note that the user trained this run. Where no note can be written, its plugins will not be trusted."""
    with suppress(OSError):
        if note := _note_of(run):
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            note.touch()
            _forget_older_than(note)


def check_trust(run: Path, plugins: Sequence[str]) -> None:
    """Raise UntrustedError unless the user trained this run here with the plugins that its config names."""
    if not plugins:
        return
    with suppress(OSError, ValueError):
        note, home = _note_of(run), _home(run).resolve()
        if note and note.exists() and all((run / each).resolve().is_relative_to(home) for each in plugins):
            return
    beside = (file.relative_to(run).as_posix() for file in _code(_home(run)))
    named = list(dict.fromkeys([*plugins, *beside]))
    raise UntrustedError(
        f"{run}: its plugins are not run, since no training of yours on this machine left them there: "
        f"{listed(named, 10)}\n  plugins are code that runs with all your rights: read these files, and if "
        f"you trust them add --trust-plugins (from Python: trust_plugins=True)"
    )


def is_run(config: Path) -> bool:
    """Whether a config file is that of a run directory, which may come from anyone."""
    with suppress(OSError):
        beside = (config.with_name(name) for name in FILES_OF_RUNS)
        return config.name == "config.yaml" and (
            bool(tag_of(config)) or any(file.exists() for file in beside)
        )
    return False


def _is_study(run: Path) -> bool:
    return (run / STUDY).is_file() and not (run / "config.yaml").exists()


def _home(run: Path) -> Path:
    """The folder with a run's code; of a study that of its plugins, since its runs have their own copies."""
    return run / PLUGINS if _is_study(run) else run


def _note_of(run: Path) -> Path | None:
    """The file that is the note of a run; None if the run has no tag or no code, or more than is usual."""
    tag, digest = tag_of(run / (STUDY if _is_study(run) else "config.yaml")), hashlib.sha256()
    files, size = _code(_home(run)), 0
    if not tag or not files or len(files) > MOST_FILES:
        return None
    for file in files:
        size += file.stat().st_size
        if size > MOST_BYTES or file.is_symlink() or not file.is_file():
            return None
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(run).as_posix()}\0{content}\n".encode(errors="surrogateescape"))
    return note_folder() / f"{tag}-{digest.hexdigest()}"


def _code(run: Path) -> list[Path]:
    """What Python could import from a run directory, in order; of very many files, some."""
    return sorted(islice(_importable(run), MOST_FILES + 1))


def _importable(run: Path) -> Iterator[Path]:
    """Files of code; and linked folders, which may hold some."""
    suffixes = tuple(all_suffixes())
    for folder, folders, files in os.walk(run):
        yield from (path for name in folders if (path := Path(folder, name)).is_symlink())
        yield from (Path(folder, name) for name in files if name.endswith(suffixes))


def _forget_older_than(note: Path) -> None:
    """Delete the oldest notes, if there are too many."""
    others = [each for each in note.parent.iterdir() if each != note]
    if len(others) >= MOST_NOTES:
        others.sort(key=lambda each: each.stat().st_mtime)
        for old in others[: len(others) - MOST_NOTES // 2]:
            old.unlink(missing_ok=True)
