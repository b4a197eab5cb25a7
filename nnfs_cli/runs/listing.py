"""The list of runs, one line each."""

from collections.abc import Iterable, Mapping
from typing import Any

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory

SPLITS = ("test", "validation", "train")
"""The one that says most about new data comes first."""
MOST_LETTERS, MOST_OF_A_FACT, MOST_SCORES, MOST = 40, 80, 100, 1e300
"""Of a status; of a name of what computed; of scores in a line; the largest number in it."""


def overview(run: RunDirectory, *, verbose: bool = False) -> dict[str, Any]:
    """A run in one line: id, status, epochs, scores, seconds; if verbose, what computed it as well.

    The status of a damaged run is `unreadable`. What has the wrong type in its summary is left out: one run
    never keeps the others from being listed.
    """
    try:
        summary = run.summary()
        return _overview(run.id, summary) | (_computed_by(summary) if verbose else {})
    except (NnfsError, OSError):
        return {"id": run.id, "status": "unreadable"}


def _overview(run_id: str, summary: dict[str, Any]) -> dict[str, Any]:
    status, started = summary.get("status"), summary.get("started")
    if not isinstance(status, str):
        return {"id": run_id, "status": "unreadable"}
    scores = _mapping(summary.get("scores"))
    split = next((name for name in SPLITS if isinstance(scores.get(name), dict)), None)
    seconds = _number(summary.get("seconds"))
    return {
        "id": run_id,
        "status": status[:MOST_LETTERS],
        "epochs": _number(summary.get("epochs")),
        "epochs_planned": _number(summary.get("epochs_planned")),
        "best_epoch": _number(_mapping(summary.get("best")).get("epoch")),
        "split": split,
        "scores": {name: _number(score) for name, score in _first(scores.get(split or ""))},
        "seconds": None if seconds is None else round(seconds, 3),
        "started": started[:MOST_LETTERS] if isinstance(started, str) else None,
    }


def _computed_by(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What computed a run: BLAS with its kernel and threads, the processor; and the config's commit."""
    facts = {
        "blas": _mapping(summary.get("versions")).get("blas"),
        "kernel_chosen_by": summary.get("kernel_chosen_by"),
        "processor": _mapping(summary.get("machine")).get("processor"),
        "git_commit": summary.get("git_commit"),
    }
    said = {name: fact[:MOST_OF_A_FACT] if isinstance(fact, str) else None for name, fact in facts.items()}
    return {**said, "blas_threads": _number(summary.get("blas_threads"))}


def _first(scores: object) -> list[tuple[str, Any]]:
    return list(_mapping(scores).items())[:MOST_SCORES]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | float | None:
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
