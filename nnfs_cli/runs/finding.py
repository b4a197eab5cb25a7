"""Where runs and studies are. It needs no NumPy, since a run's own kernel is chosen before that is loaded."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.runs.lock import LOCK
from nnfs_cli.runs.reading import read_own_json

CONFIG, STUDY = "config.yaml", "study.yaml"
"""The file that makes a folder a run, and the one that makes a folder without it a study."""


def kept_folders(root: Path) -> list[tuple[Path, bool]]:
    """The folders of runs and studies in `root`, newest last, each with whether it is a study."""
    if root.exists() and not root.is_dir():
        raise NnfsError(f"--runs: {root} is a file, not a folder of runs")
    if not root.is_dir():
        return []
    found = []
    with os.scandir(root) as entries:
        for entry in entries:
            since, is_study = _written(entry.path, CONFIG), False
            if since is None:
                since, is_study = _written(entry.path, STUDY), True
            if since is not None:
                found.append((since, entry.name, is_study))
    return [(root / name, is_study) for _, name, is_study in sorted(found)]


def run_folders(root: Path) -> Iterator[Path]:
    """The folders of the runs in `root`, newest last."""
    return (path for path, is_study in kept_folders(root) if not is_study)


def is_run(folder: Path) -> bool:
    """Whether a folder has what makes it a run."""
    return (folder / CONFIG).is_file()


def is_study(folder: Path) -> bool:
    """Whether a folder has what makes it a study."""
    return not is_run(folder) and (folder / STUDY).is_file()


def run_name(folder: Path) -> str:
    """What a run is called among others: its id; of one in a study `study/run`."""
    parent = folder.absolute().parent
    return f"{parent.name}/{folder.name}" if is_study(parent) else folder.name


def find_run(root: Path, reference: str, *, or_study: bool = False) -> Path:
    """The folder of the run that a path, an id, `study/run` or `latest` names; NnfsError with the nearest.

    or_study: whether a study would do too; the message then says so.
    """
    if reference == "latest":
        if not (runs := list(run_folders(root))):
            raise NnfsError(f"no runs in {root.absolute()} yet; `nnfs train CONFIG` makes one")
        return runs[-1]
    candidates = _folders_named(root, reference)
    if found := next(filter(is_run, candidates), None):
        return found
    if study := next(filter(is_study, candidates), None):
        raise NnfsError(f"{study} is a study, not a run; name one of its runs: {study.name}/RUN")
    if candidates:
        never_began = (candidates[0] / LOCK).exists() and not any(candidates[0].glob("*.npz"))
        advice = "; its training ended before it began: delete it" if never_began else ""
        raise NnfsError(f"{candidates[0]} is no run directory: it has no config.yaml{advice}")
    names = [path.name for path, is_study in kept_folders(root) if or_study or not is_study]
    study = root / Path(reference).parent
    if is_study(study):
        names += [f"{study.name}/{path.name}" for path in run_folders(study)]
    what = "run or study" if or_study else "run"
    raise NnfsError(f"no {what} {reference!r} in {root.absolute()}{did_you_mean(reference, names)}")


def study_folder(root: Path, reference: str) -> Path | None:
    """The folder of the study that a path, an id or `latest` names; None if that is none, as a run."""
    if reference == "latest":
        newest = kept_folders(root)[-1:]
        return next((path for path, is_study in newest if is_study), None)
    return next(filter(is_study, _folders_named(root, reference)), None)


def find_study(root: Path, reference: str) -> Path:
    """The folder of the study that a path, an id or `latest` names; NnfsError with the nearest ids."""
    studies = [path for path, is_study in kept_folders(root) if is_study]
    if reference == "latest" and studies:
        return studies[-1]
    if found := study_folder(root, reference):
        return found
    if run := next(filter(is_run, _folders_named(root, reference)), None):
        raise NnfsError(f"{run} is a run, not a study")
    hint = did_you_mean(reference, [path.name for path in studies])
    raise NnfsError(f"no study {reference!r} in {root.absolute()}{hint}")


def find_kept(root: Path, reference: str) -> Path:
    """The folder of the run or study that a reference names; NnfsError as `find_run`."""
    return study_folder(root, reference) or find_run(root, reference, or_study=True)


def kernel_of(folder: Path) -> str:
    """The kernel of BLAS that computed a run by its summary, as `SkylakeX`; empty if it names none.

    A run may be from someone else: this is any word.
    """
    try:
        versions = read_own_json(folder, "summary.json").get("versions")
    except NnfsError:  # who needs the rest of a damaged summary is told
        return ""
    blas = versions.get("blas") if isinstance(versions, dict) else None
    return blas.rpartition(" ")[2] if isinstance(blas, str) else ""


def _folders_named(root: Path, reference: str) -> list[Path]:
    """The folders that a path, or an id in `root`, may name."""
    inside = [root / reference] if ".." not in Path(reference).parts else []
    return [path for path in (Path(reference), *inside) if reference and path.is_dir()]


def stat_of(folder: str, name: str) -> os.stat_result:
    """The status of a file in a folder. Of ten thousand of them, a Path would take twice the time."""
    return os.stat(f"{folder}{os.sep}{name}")  # noqa: PTH116


def _written(folder: str, name: str) -> int | None:
    """When a file was written, in nanoseconds; None if there is none; 0 if it may not be looked at."""
    try:
        status = stat_of(folder, name)
    except PermissionError:
        return 0
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None
