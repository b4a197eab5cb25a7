"""The list of runs, one line each."""

from collections.abc import Iterable, Mapping
from typing import Any

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory


def overview(run: RunDirectory) -> dict[str, Any]:
    """A run in one line: id, status, epochs, scores, seconds. The status of a damaged run is `unreadable`."""
    try:
        return _overview(run.id, run.summary())
    except (NnfsError, AttributeError, KeyError, TypeError, StopIteration):
        return {"id": run.id, "status": "unreadable"}


def _overview(run_id: str, summary: dict[str, Any]) -> dict[str, Any]:
    scores = summary.get("scores") or {}
    split = default_split(scores) if scores else None
    return {
        "id": run_id,
        "status": str(summary.get("status")),
        "epochs": summary.get("epochs"),
        "epochs_planned": summary.get("epochs_planned"),
        "best_epoch": (summary.get("best") or {}).get("epoch"),
        "split": split,
        "scores": dict(scores[split]) if split else {},
        "seconds": None if summary.get("seconds") is None else round(summary["seconds"], 3),
        "started": summary.get("started"),
    }


def default_split(splits: Iterable[str]) -> str:
    """The split that says most about new data: test, else validation, else train."""
    names = set(splits)
    return next(name for name in ("test", "validation", "train") if name in names)


def pictured_split(summary: Mapping[str, Any]) -> str:
    """The split that a run's predictions.npz and inside.npz are of."""
    return str(summary.get("pictured_split") or default_split(summary.get("scores") or ["train"]))
