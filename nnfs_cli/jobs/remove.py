"""Removing runs and studies: only what nnfs wrote, and only from folders that are runs or studies.

A config may be somebody's copy: beside it stands a file with the run's own seal, or the lock that its writer
left. What a killed removal leaves is still a run or a study, and a further removal finishes it.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import delete, delete_if_empty
from nnfs_cli.core.os_errors import in_words
from nnfs_cli.core.seal import UNTAGGED, is_sealed_by, tag_of
from nnfs_cli.plots import NAMES
from nnfs_cli.plots.study import NAMES as OF_STUDY
from nnfs_cli.runs.finding import CONFIG, STUDY, is_study, run_folders
from nnfs_cli.runs.listing import summary_or_nothing
from nnfs_cli.runs.lock import LOCK, WRITER, WriterLock
from nnfs_cli.runs.marks import FILE as MARKS
from nnfs_cli.runs.marks import LOCK as MARKS_LOCK

SUMMARY = "summary.json"
IMAGE = r"(png|svg|pdf|gif)"
PART = r"\.[0-9a-f]{16}\.part"
OF_RUNS = re.compile(
    rf"config\.yaml|summary\.json|(initial_)?preparation\.json|evaluation-(train|validation|test)\.json|{re.escape(MARKS)}"
    r"|(weights|predictions|snapshots|diagnostics|inside|checkpoint|checkpoint\.previous|initial_weights)\.npz"
    r"|(epochs|steps)\.csv|report\.html|plugin_\d+_[^/]+\.py|plugin_\d+_[^/]+_files/.+\.py"
    rf"|{re.escape(MARKS_LOCK)}|{re.escape(LOCK)}|{re.escape(WRITER)}|(plots/)?{PART}"
    rf"|plots/({'|'.join(NAMES)})\.{IMAGE}"
)
OF_STUDIES = re.compile(
    rf"study\.yaml|summary\.json|best\.yaml|(trials|runs)\.csv|report\.html|{re.escape(MARKS)}"
    rf"|{re.escape(MARKS_LOCK)}|{re.escape(LOCK)}|{re.escape(WRITER)}|(plots/)?{PART}|plugins/\d+/.+\.py"
    rf"|plots/({'|'.join(OF_STUDY)})\.{IMAGE}"
)
"""The files that nnfs writes, as paths in the folder."""
COPIES = ("initial_weights.npz", "initial_preparation.json")
"""Of which the seal is another run's, or missing."""
STATUSES = ("running", "completed", "interrupted", "paused", "diverged", "failed")
FOLDERS = re.compile(r"plots|plugin_\d+_[^/]+_files(/.+)?|plugins(/\d+(/.+)?)?")
"""The folders that nnfs makes in those of runs and studies."""


@dataclass(frozen=True)
class Removal:
    """What is to be removed of a run or a study.

    files: what nnfs wrote, in the order in which it is deleted: the summary first, so that what is half
        deleted does not look whole, unless it alone tells that it is a run of an earlier version; at the end
        what makes the folder a run or a study, and the lock.
    folders: those that nnfs made in it, the innermost first.
    left: what nnfs did not write, and links. The folder stays with it.
    size: bytes of the files, and of those of a study's runs.
    identity: what tells the folder from a later one of the same name: its number on the disk, and the tag.
    """

    folder: Path
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    left: tuple[Path, ...]
    size: int
    identity: tuple[int, int, str]
    runs: tuple["Removal", ...] = ()

    @property
    def is_study(self) -> bool:
        return self.folder / STUDY in self.files

    @property
    def all_left(self) -> list[Path]:
        return [*self.left, *(path for run in self.runs for path in run.left)]


def refuse_link(folder: Path) -> None:
    """Raise NnfsError if a folder is a link, or one in its place."""
    if _is_link(folder):
        raise NnfsError(f"{folder}: a link to {folder.readlink()}; to delete that, name it itself")


def plan_removal(folder: Path) -> Removal:
    """What is to be removed of a run or a study. Nothing is changed.

    NnfsError if the folder is neither as nnfs made it, or is a link, or is being written to, or if it, or the
    one that it is in, is protected.
    """
    removal = _planned(folder)
    if is_study(around := _real(folder).parent):
        _refuse_busy(around)
    for each in (*removal.runs, removal):
        _refuse_busy(each.folder)
        for changed in (_real(each.folder).parent, each.folder, *each.folders):
            if not os.access(changed, os.W_OK | os.X_OK):
                raise NnfsError(f"{each.folder}: not deleted: you may not change the folder {changed}")
    return removal


def remove(removal: Removal) -> None:
    """Delete what was planned.

    NnfsError if a file cannot be deleted, if somebody began to write, or if the folder is no longer as it was
    when that was planned; then nothing of it is deleted.
    """
    folder, lock = removal.folder, WriterLock(removal.folder)
    *files, last, own_lock = removal.files
    _refuse_changed(removal)  # before the lock makes a file in what may be another's folder
    lock.acquire(recorded=False)
    try:
        _refuse_changed(removal)
        for run in removal.runs:
            remove(run)
        for file in files:
            delete(file, folder)
        for inner in removal.folders:
            delete_if_empty(inner)
    finally:
        lock.release()  # elsewhere than on POSIX, what is locked cannot be deleted
    delete(last, folder)
    delete(own_lock, folder)
    delete_if_empty(_real(folder))  # the system does not delete `.`


def _refuse_busy(folder: Path) -> None:
    """Raise NnfsError if a process trains a run, or conducts a study."""
    if (folder / LOCK).exists():
        lock = WriterLock(folder)
        lock.acquire(recorded=False)
        lock.release()


def _refuse_changed(removal: Removal) -> None:
    if _planned(removal.folder) != removal:
        raise NnfsError(f"{removal.folder}: not deleted: it changed after the question; delete it anew")


def _planned(folder: Path) -> Removal:
    refuse_link(folder)
    try:
        return _plan_study(folder) if is_study(folder) else _plan_run(folder)
    except FileNotFoundError:
        raise NnfsError(f"{folder}: it is gone: another process deletes it") from None
    except OSError as error:
        raise NnfsError(f"{folder}: not deleted: {in_words(error)}") from None


def _plan_run(folder: Path) -> Removal:
    config = folder / CONFIG
    tag = "" if _is_link(config) else tag_of(config)
    if not config.exists():
        raise FileNotFoundError
    if _is_link(config) or not (_has_evidence(folder, tag) if tag else _is_old_run(folder)):
        raise NnfsError(f"{folder}: not deleted: its config.yaml is not that of a run as nnfs makes it")
    return _plan(folder, OF_RUNS, CONFIG, tag, tag)


def _has_evidence(folder: Path, seal: str) -> bool:
    """Whether a folder has, besides its config, a file that only nnfs makes."""
    sealed = (folder / name for name in (SUMMARY, "preparation.json"))
    return (folder / LOCK).is_file() or any(file.is_file() and is_sealed_by(file, seal) for file in sealed)


def _is_old_run(folder: Path) -> bool:
    """Whether a folder without a tag has a run's summary, or is what a killed removal left of such a run."""
    if {path.name for path in folder.iterdir()} == {CONFIG, LOCK}:
        return True
    summary = summary_or_nothing(folder)
    return summary.get("status") in STATUSES and isinstance(summary.get("id"), str)


def _plan_study(folder: Path) -> Removal:
    study = folder / STUDY
    tag = "" if _is_link(study) else tag_of(study)
    if not tag or not _has_evidence(folder, UNTAGGED):
        raise NnfsError(f"{folder}: not deleted: it is not a study as nnfs makes it")
    inner = [path for path in run_folders(folder) if not _is_link(path)]
    return _plan(folder, OF_STUDIES, STUDY, tag, UNTAGGED, tuple(map(_plan_run, inner)))


def _plan(
    folder: Path, own: re.Pattern[str], last: str, tag: str, seal: str, runs: tuple[Removal, ...] = ()
) -> Removal:
    """The removal of a folder whose own files have these names, and, if they are sealed, this seal.

    last: what makes it a run or a study.   seal: empty for runs of earlier versions, which have none.
    """
    ends = (folder / last, folder / LOCK)
    if _is_link(ends[1]):
        raise NnfsError(f"{folder}: not deleted: its {LOCK} is a link, which nnfs does not make")
    files: dict[Path, int] = {}
    folders, left = [], []
    for path, status in _content(folder, folder, {run.folder for run in runs}):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISREG(status.st_mode) and own.fullmatch(name) and _is_own(path, name, seal):
            files[path] = status.st_size
        elif _is_own_folder(path, status, folder):
            folders.append(path)
        else:
            left.append(path)
    ordered = sorted(files.keys() - set(ends), key=lambda file: ((file.name == SUMMARY) != bool(seal), file))
    size = sum(files.values()) + sum(run.size for run in runs)
    found = folder.stat()
    identity = (found.st_dev, found.st_ino, tag)
    return Removal(folder, (*ordered, *ends), tuple(folders), tuple(left), size, identity, runs)


def _is_own(path: Path, name: str, seal: str) -> bool:
    """Whether a file with the name of one of nnfs is of this run, as far as such files have seals."""
    if not seal or name in COPIES or path.suffix not in (".json", ".npz") or name == WRITER:
        return True
    return is_sealed_by(path, seal if path.suffix == ".json" else UNTAGGED)


def _content(folder: Path, root: Path, skipped: Collection[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """What is in a folder, and in those in it that nnfs made, which come after their content."""
    for path in sorted(folder.iterdir()):
        if path not in skipped:
            status = path.lstat()
            if _is_own_folder(path, status, root):
                yield from _content(path, root, skipped)
            yield path, status


def _is_own_folder(path: Path, status: os.stat_result, root: Path) -> bool:
    is_folder = stat.S_ISDIR(status.st_mode) and not _is_link(path)
    return is_folder and FOLDERS.fullmatch(path.relative_to(root).as_posix()) is not None


def _real(folder: Path) -> Path:
    """The folder that is meant, as by `.`."""
    return Path(os.path.realpath(folder))


def _is_link(path: Path) -> bool:
    return path.is_symlink() or getattr(os.path, "isjunction", lambda _: False)(path)
