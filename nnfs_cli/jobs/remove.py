"""Removing runs and studies: only what nnfs wrote, and only from folders that are runs or studies.

What a killed removal leaves is still a run or a study, and a further removal finishes it.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import delete, delete_if_empty
from nnfs_cli.core.seal import tag_of
from nnfs_cli.plots import NAMES
from nnfs_cli.plots.study import NAMES as OF_STUDY
from nnfs_cli.runs.finding import CONFIG, STUDY, is_study, run_folders
from nnfs_cli.runs.listing import summary_or_nothing
from nnfs_cli.runs.lock import LOCK, WRITER, WriterLock
from nnfs_cli.runs.marks import FILE as MARKS

SUMMARY = "summary.json"
IMAGE = r"(png|svg|pdf|gif)"
PART = r"\.[0-9a-f]{16}\.part"
OF_RUNS = re.compile(
    rf"config\.yaml|summary\.json|(initial_)?preparation\.json|evaluation-(train|validation|test)\.json|{re.escape(MARKS)}"
    r"|(weights|predictions|snapshots|diagnostics|inside|checkpoint|checkpoint\.previous|initial_weights)\.npz"
    r"|(epochs|steps)\.csv|report\.html|plugin_\d+_[^/]+\.py|plugin_\d+_[^/]+_files/.+\.py"
    rf"|{re.escape(LOCK)}|{re.escape(WRITER)}|(plots/)?{PART}|plots/({'|'.join(NAMES)})\.{IMAGE}"
)
OF_STUDIES = re.compile(
    rf"study\.yaml|summary\.json|best\.yaml|(trials|runs)\.csv|report\.html|{re.escape(MARKS)}"
    rf"|{re.escape(LOCK)}|{re.escape(WRITER)}|(plots/)?{PART}|plugins/\d+/.+\.py"
    rf"|plots/({'|'.join(OF_STUDY)})\.{IMAGE}"
)
"""The files that nnfs writes, as paths in the folder."""
EVIDENCE = (SUMMARY, "preparation.json", "checkpoint.npz", "weights.npz", "epochs.csv", LOCK)
"""Of which a run has one besides its config, which may be somebody's copy."""


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
    """

    folder: Path
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    left: tuple[Path, ...]
    size: int
    runs: tuple["Removal", ...] = ()

    @property
    def is_study(self) -> bool:
        return self.folder / STUDY in self.files

    @property
    def all_left(self) -> list[Path]:
        return [*self.left, *(path for run in self.runs for path in run.left)]


def plan_removal(folder: Path) -> Removal:
    """What is to be removed of a run or a study. Nothing is changed.

    NnfsError if the folder is neither as nnfs made it, or is a link, or is being written to.
    """
    if _is_link(folder):
        raise NnfsError(f"{folder}: a link to {folder.readlink()}; to delete that, name it itself")
    removal = _plan_study(folder) if is_study(folder) else _plan_run(folder)
    for each in (*removal.runs, removal):
        if (each.folder / LOCK).exists():
            lock = WriterLock(each.folder)
            lock.acquire(recorded=False)
            lock.release()
    return removal


def remove(removal: Removal) -> None:
    """Delete what was planned. NnfsError if a file cannot be deleted, or somebody began to write."""
    folder, lock = removal.folder, WriterLock(removal.folder)
    *files, last, own_lock = removal.files
    lock.acquire(recorded=False)
    try:
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
    delete_if_empty(folder)


def _plan_run(folder: Path) -> Removal:
    config = folder / CONFIG
    has_evidence = any((folder / name).is_file() for name in EVIDENCE)
    is_tagged = bool(tag_of(config))
    if _is_link(config) or not has_evidence or not (is_tagged or _is_old_run(folder)):
        raise NnfsError(f"{folder}: not deleted: its config.yaml is not that of a run as nnfs makes it")
    return _plan(folder, OF_RUNS, CONFIG, summary_first=is_tagged)


def _is_old_run(folder: Path) -> bool:
    """Whether a folder without a tag has a run's summary, or is what a killed removal left of such a run."""
    is_left = {path.name for path in folder.iterdir()} == {CONFIG, LOCK}
    return is_left or isinstance(summary_or_nothing(folder).get("status"), str)


def _plan_study(folder: Path) -> Removal:
    has_evidence = isinstance(summary_or_nothing(folder).get("status"), str) or (folder / LOCK).is_file()
    if _is_link(folder / STUDY) or not has_evidence:
        raise NnfsError(f"{folder}: not deleted: it is not a study as nnfs makes it")
    inner = [path for path in run_folders(folder) if not _is_link(path)]
    return _plan(folder, OF_STUDIES, STUDY, tuple(map(_plan_run, inner)))


def _plan(
    folder: Path,
    own: re.Pattern[str],
    last: str,
    runs: tuple[Removal, ...] = (),
    *,
    summary_first: bool = True,
) -> Removal:
    ends = (folder / last, folder / LOCK)
    if _is_link(ends[1]):
        raise NnfsError(f"{folder}: not deleted: its {LOCK} is a link, which nnfs does not make")
    files: dict[Path, int] = {}
    folders, left = [], []
    for path, status in _content(folder, folder, {run.folder for run in runs}):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISREG(status.st_mode) and own.fullmatch(name):
            files[path] = status.st_size
        elif _is_own_folder(path, status, folder):
            folders.append(path)
        else:
            left.append(path)
    ordered = sorted(
        files.keys() - set(ends), key=lambda file: ((file.name == SUMMARY) != summary_first, file)
    )
    size = sum(files.values()) + sum(run.size for run in runs)
    return Removal(folder, (*ordered, *ends), tuple(folders), tuple(left), size, runs)


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


def _is_link(path: Path) -> bool:
    return path.is_symlink() or getattr(os.path, "isjunction", lambda _: False)(path)
