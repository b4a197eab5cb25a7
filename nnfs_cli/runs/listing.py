"""A run in one line. This module needs no NumPy, so that a list of runs is there at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.marks import Marks, read_marks
from nnfs_cli.runs.reading import read_own_json

SPLITS = ("test", "validation", "train")
"""The one that says most about new data comes first."""
UNREADABLE = "unreadable"
MOST_LETTERS, MOST_OF_A_FACT, MOST_SCORES, MOST = 40, 80, 100, 1e300
"""Of a status; of a name of what computed; of scores in a line; the largest number in it."""
COMPUTED_BY = ("blas", "kernel_chosen_by", "processor", "git_commit", "blas_threads")
"""What a line tells of what computed the run."""


def overview(folder: Path) -> dict[str, Any]:
    """A run in one line: id, status, epochs, scores, seconds, marks, and what computed it.

    A status `running` is as recorded; `status_now` knows better.
    """
    return line_of(folder, summary_or_nothing(folder))


def summary_or_nothing(folder: Path) -> dict[str, Any]:
    """A run's summary; {} if it cannot be read."""
    try:
        return read_own_json(folder, "summary.json")
    except (NnfsError, OSError):
        return {}


def line_of(folder: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a run with a summary, which may hold anything.

    The status of a damaged run is `unreadable`. What has the wrong type in its summary is left out: one run
    never keeps the others from being listed.
    """
    marks = marks_or_none(folder)
    return {"id": folder.name, **_told_by(summary), "tags": list(marks.tags), "note": marks.note}


def marks_or_none(folder: Path) -> Marks:
    """A run's marks; none if they cannot be read."""
    try:
        return read_marks(folder)
    except (NnfsError, OSError):
        return Marks()


def _told_by(summary: Mapping[str, Any]) -> dict[str, Any]:
    status, started = summary.get("status"), summary.get("started")
    if not isinstance(status, str):
        return {"status": UNREADABLE}
    scores = _mapping(summary.get("scores"))
    split = next((name for name in SPLITS if isinstance(scores.get(name), dict)), None)
    seconds = number(summary.get("seconds"))
    return {
        "status": status[:MOST_LETTERS],
        "epochs": number(summary.get("epochs")),
        "epochs_planned": number(summary.get("epochs_planned")),
        "best_epoch": number(_mapping(summary.get("best")).get("epoch")),
        "split": split,
        "scores": {name: number(score) for name, score in _first(scores.get(split or ""))},
        "seconds": None if seconds is None else round(seconds, 3),
        "started": started[:MOST_LETTERS] if isinstance(started, str) else None,
        **_computed_by(summary),
    }


def _computed_by(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What computed a run: BLAS with its kernel and threads, the processor; and the config's commit."""
    facts = (
        _mapping(summary.get("versions")).get("blas"),
        summary.get("kernel_chosen_by"),
        _mapping(summary.get("machine")).get("processor"),
        summary.get("git_commit"),
    )
    said = [fact[:MOST_OF_A_FACT] if isinstance(fact, str) else None for fact in facts]
    return dict(zip(COMPUTED_BY, (*said, number(summary.get("blas_threads"))), strict=True))


def _first(scores: object) -> list[tuple[str, Any]]:
    return list(_mapping(scores).items())[:MOST_SCORES]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def number(value: object) -> int | float | None:
    """A number that a line has room for; None for anything else, as JSON has for what is not finite."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if abs(value) < MOST else None  # not-a-number is not less


def default_split(splits: Iterable[str]) -> str:
    """The split that says most about new data: test, else validation, else train."""
    names = set(splits)
    return next(name for name in SPLITS if name in names)


def pictured_split(summary: Mapping[str, Any]) -> str:
    """The split that a run's predictions.npz and inside.npz are of; it is part of a file's name."""
    named = summary.get("pictured_split")
    return str(named) if named in SPLITS else default_split([*_mapping(summary.get("scores")), "train"])
