"""Where studies are. It needs no NumPy, since the kernel of the runs is chosen before that is loaded."""

from collections.abc import Iterator
from pathlib import Path

from nnfs_cli.core.errors import NnfsError, did_you_mean

CONFIG = "study.yaml"
"""The file that makes a folder a study."""


def study_folders(root: Path) -> Iterator[Path]:
    """The folders of the studies in `root`, newest last."""
    found = [(file.stat().st_mtime_ns, file.parent) for file in root.glob(f"*/{CONFIG}") if file.is_file()]
    yield from (folder for _, folder in sorted(found))


def find_study(root: Path, reference: str) -> Path:
    """The folder of the study that a path, an id or `latest` names; NnfsError with the nearest ids."""
    studies = list(study_folders(root))
    if reference == "latest" and studies:
        return studies[-1]
    if (folder := study_folder(root, reference)) is not None:
        return folder
    hint = did_you_mean(reference, [path.name for path in studies])
    raise NnfsError(f"no study {reference!r} in {root.absolute()}{hint}")


def study_folder(root: Path, reference: str) -> Path | None:
    """The folder of the study that a path or an id names; None if it names none."""
    folders = (path for path in (Path(reference), root / reference) if reference)
    return next((path for path in folders if (path / CONFIG).is_file()), None)


def a_run_of(study: Path) -> Path | None:
    """One of a study's runs; None if it has none yet."""
    return next((file.parent for file in sorted(study.glob("*/config.yaml"))), None)
