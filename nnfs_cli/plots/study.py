"""Pictures of a study, from its tables and its runs' epochs alone."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.files import make_folder
from nnfs_cli.runs.fitting import fitting
from nnfs_cli.studies.record import StudyRecord

if TYPE_CHECKING:
    from nnfs_cli.plots.library import Axes

NAMES = (
    *("history", "parallel_coordinates", "importance", "slices"),
    *("learning_curve", "seeds", "forest"),
)
"""Every picture of a study. A new one is a module with `draw(record)` and a line in `_draws`."""
ESSENTIAL = ("history", "parallel_coordinates", "seeds", "forest")
"""Drawn at the end of a study too."""


def draw_study(
    record: StudyRecord,
    only: Sequence[str] = (),
    *,
    style: str = "light",
    suffix: str = "png",
    folder: Path | None = None,
) -> tuple[list[Path], dict[str, str]]:
    """Draw every picture that the study has numbers for, or `only` some; return the files, and what lacks.

    style: light or dark.   suffix: png, svg or pdf.
    folder: where to write; by default plots/ in the study's folder.

    NnfsError if a name is unknown.
    """
    from nnfs_cli.plots.style import drawing, save

    for name in only:
        if name not in NAMES:
            raise NnfsError(f"no picture of a study {name!r}{did_you_mean(name, NAMES)}")
    inside = record.study.path if folder is None else None  # a study may be from someone else
    folder = folder or record.study.path / "plots"
    if inside is None:
        make_folder(folder)
    files, lacking = [], dict[str, str]()
    with drawing(style):
        for name, axes in _drawn(record, only or NAMES, lacking):
            files += save(axes, folder, f"{name}.{suffix}", inside)
    return [folder / file for file in files], lacking


def study_pngs(record: StudyRecord, style: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The pictures as PNG files by their names, and what others lack."""
    from nnfs_cli.plots.style import drawing, png

    lacking: dict[str, str] = {}
    with drawing(style):
        return {name: png(axes) for name, axes in _drawn(record, NAMES, lacking)}, lacking


def _drawn(
    record: StudyRecord, names: Sequence[str], lacking: dict[str, str]
) -> "Iterator[tuple[str, Axes]]":
    """The pictures of these names; why one cannot be drawn is added to `lacking`.

    NnfsError if the study's files do not fit together.
    """
    from nnfs_cli.plots.study_values import LackingError

    draws = _draws()
    for name in names:
        try:
            with fitting(record.study):
                axes = draws[name](record)
            yield name, axes
        except LackingError as error:
            lacking[name] = str(error)


def _draws() -> "dict[str, Callable[[StudyRecord], Axes]]":
    """What draws each picture; LackingError if the study lacks what it needs."""
    from nnfs_cli.plots import (
        study_forest,
        study_history,
        study_importance,
        study_learning,
        study_parallel,
        study_seeds,
        study_slices,
    )

    return {
        "history": study_history.draw,
        "parallel_coordinates": study_parallel.draw,
        "importance": study_importance.draw,
        "slices": study_slices.draw,
        "learning_curve": study_learning.draw,
        "seeds": study_seeds.draw,
        "forest": study_forest.draw,
    }
