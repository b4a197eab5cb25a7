"""A study in one line of the list of runs. A study is a folder of runs; it may be from someone else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnfs_cli.runs.finding import run_folders
from nnfs_cli.runs.listing import MOST_LETTERS, UNREADABLE, marks_or_none, number, summary_or_nothing
from nnfs_cli.runs.lock import status_now


def study_line(folder: Path) -> dict[str, Any]:
    """A study's id, status, numbers of trials and runs, best trial with its monitored value, and marks."""
    summary = summary_or_nothing(folder)
    status, marks = status_now(folder, summary.get("status")), marks_or_none(folder)
    started = summary.get("started")
    return {
        "id": folder.name,
        "status": status[:MOST_LETTERS] if isinstance(status, str) else UNREADABLE,
        "study": True,
        "trials": number(summary.get("trials")),
        "runs": sum(1 for _ in run_folders(folder)),
        "best": _best(summary),
        "maximize": [_monitor(summary).removeprefix("val_")] if summary.get("maximize") is True else [],
        "started": started[:MOST_LETTERS] if isinstance(started, str) else None,
        "tags": list(marks.tags),
        "note": marks.note,
    }


def _best(summary: Mapping[str, Any]) -> dict[str, float]:
    """The number of the best trial, and the mean of what it was chosen by; {} if there is none yet."""
    winner = summary.get("winner")
    if not isinstance(winner, dict):
        return {}
    monitored = winner.get("monitored")
    mean = number(monitored.get("mean")) if isinstance(monitored, dict) else None
    found = {"trial": number(winner.get("trial")), _monitor(summary): mean}
    return {key: value for key, value in found.items() if value is not None}


def _monitor(summary: Mapping[str, Any]) -> str:
    monitor = summary.get("monitor")
    return monitor[:MOST_LETTERS] if isinstance(monitor, str) else "value"
