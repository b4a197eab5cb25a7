"""A study in one line of the list of runs. A study is a folder of runs; it may be from someone else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnfs_cli.runs.finding import run_folders
from nnfs_cli.runs.listing import MOST_LETTERS, UNREADABLE, marks_or_none, number, summary_or_nothing
from nnfs_cli.runs.lock import status_now


def study_line(folder: Path) -> dict[str, Any]:
    """A study's id, status, numbers of trials and runs, best trial, and marks."""
    summary = summary_or_nothing(folder)
    status, marks = status_now(folder, summary.get("status")), marks_or_none(folder)
    best = summary.get("best")
    return {
        "id": folder.name,
        "status": status[:MOST_LETTERS] if isinstance(status, str) else UNREADABLE,
        "study": True,
        "trials": _count(summary.get("trials")),
        "runs": sum(1 for _ in run_folders(folder)),
        "best": _single_values(best) if isinstance(best, dict) else {},
        "tags": list(marks.tags),
        "note": marks.note,
    }


def _count(value: object) -> int | float | None:
    return len(value) if isinstance(value, list | dict) else number(value)


def _single_values(best: Mapping[str, Any]) -> dict[str, Any]:
    """What is a number or a short text of what the summary says of the best trial."""
    numbers = {name: number(value) for name, value in best.items()}
    texts = {name: value[:MOST_LETTERS] for name, value in best.items() if isinstance(value, str)}
    return {name: value for name, value in {**numbers, **texts}.items() if value is not None}
