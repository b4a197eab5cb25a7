"""Where runs are. This module needs no NumPy, since a run's own kernel is chosen before that is loaded."""

import stat
from collections.abc import Iterator
from pathlib import Path

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.seal import tag_of
from nnfs_cli.runs.lock import LOCK
from nnfs_cli.runs.reading import read_json


def run_folders(root: Path) -> Iterator[Path]:
    """The folders of the runs in `root`, newest last."""
    if root.exists() and not root.is_dir():
        raise NnfsError(f"--runs: {root} is a file, not a folder of runs")
    if root.is_dir():
        found = ((since, path) for path in root.iterdir() if (since := _configured(path)) is not None)
        yield from (path for _, path in sorted(found))


def find_run(root: Path, reference: str) -> Path:
    """The folder of the run that a path, an id or `latest` names; NnfsError with the nearest ids."""
    runs = list(run_folders(root))
    if reference == "latest":
        if not runs:
            raise NnfsError(f"no runs in {root.absolute()} yet; `nnfs train CONFIG` makes one")
        return runs[-1]
    candidates = [path for path in (Path(reference), root / reference) if reference and path.is_dir()]
    for path in candidates:
        if (path / "config.yaml").is_file():
            return path
    if candidates:
        never_began = (candidates[0] / LOCK).exists() and not any(candidates[0].glob("*.npz"))
        advice = "; its training ended before it began: delete it" if never_began else ""
        raise NnfsError(f"{candidates[0]} is no run directory: it has no config.yaml{advice}")
    raise NnfsError(
        f"no run {reference!r} in {root.absolute()}{did_you_mean(reference, [path.name for path in runs])}"
    )


def kernel_of(folder: Path) -> str:
    """The kernel of BLAS that computed a run by its summary, as `SkylakeX`; empty if it names none.

    A run may be from someone else: this is any word.
    """
    try:
        versions = read_json(folder / "summary.json", tag_of(folder / "config.yaml")).get("versions")
    except (NnfsError, OSError):  # who needs the rest of a damaged summary is told
        return ""
    blas = versions.get("blas") if isinstance(versions, dict) else None
    return blas.rpartition(" ")[2] if isinstance(blas, str) else ""


def _configured(path: Path) -> int | None:
    """When a run's config was written, in nanoseconds; None for no run; 0 if it may not be looked at."""
    try:
        status = (path / "config.yaml").stat()
    except PermissionError:
        return 0
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None
