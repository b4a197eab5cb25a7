"""What runs recorded, read with care for a comparison: options, scores with their intervals, environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnfs_cli.config.dialect import load
from nnfs_cli.config.find import read_text
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.trust import UntrustedError
from nnfs_cli.jobs.checkpoint import plugins_of
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import SPLITS
from nnfs_cli.statistics.interval import Interval, read_intervals
from nnfs_cli.training.reports import format_score

COPIES = ("plugins", "initial_weights", "warm_start")
"""Options that name a run's copies of files, by old names and new: their content counts, not where it is."""
MOST_OF_A_FACT, MOST = 200, 1e300
"""Letters of a text in a summary that are shown; the largest number."""

ENVIRONMENT = {
    "nnfs": "versions.nnfs",
    "Python": "versions.python",
    "NumPy": "versions.numpy",
    "BLAS and kernel": "versions.blas",
    "kernel chosen by": "kernel_chosen_by",
    "processor": "machine.processor",
    "cores": "machine.cores",
    "system": "machine.system",
    "engine": "engine",
    "parts": "parts",
    "workers": "workers",
    "BLAS threads": "blas_threads",
    "commit of the config": "git_commit",
    "data fingerprint": "data_fingerprint",
    "initial weights": "initial_weights.sha256",
}
TRAINING = {
    "status": "status",
    "epochs": "epochs",
    "best epoch": "best.epoch",
    "steps": "steps",
    "parameters": "parameters",
    "training rows": "rows.train",
    "validation rows": "rows.validation",
    "test rows": "rows.test",
    "seconds": "seconds",
}
"""What summary.json tells, and where in it."""


@dataclass(frozen=True)
class Score:
    """A score, None if it is undefined, and its interval, if there is one."""

    value: float | None
    interval: Interval | None = None

    def __str__(self) -> str:
        return self.interval.text(format_score(self.value)) if self.interval else format_score(self.value)

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "interval": self.interval and self.interval.to_json()}


def plain_options(run: RunDirectory) -> dict[str, Any]:
    """A run's resolved config as plain values, but for its copies of files.

    A config whose plugins may not run is taken as it is written: reading it runs none.
    """
    try:
        options: dict[str, Any] = to_plain(run.config())
    except UntrustedError:
        options = load(read_text(run.path / "config.yaml"))
    return {key: value for key, value in options.items() if key not in COPIES}


def plugin_changes(a: RunDirectory, b: RunDirectory) -> list[str]:
    """The files of plugins that are not the same in two runs."""
    one, other = plugins_of(a), plugins_of(b)
    return sorted(name for name in {**one, **other} if one.get(name) != other.get(name))


def recorded_scores(summary: Mapping[str, Any]) -> dict[str, dict[str, Score]]:
    """The scores of a run's splits with their intervals, as summary.json has them."""
    scores, intervals = _mapping(summary.get("scores")), read_intervals(summary.get("intervals"))
    return {
        split: {
            str(name): Score(_number(value), intervals.get(split, {}).get(name))
            for name, value in _mapping(scores[split]).items()
        }
        for split in SPLITS
        if split in scores
    }


def facts(summary: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, str | float | None]:
    """What a summary tells of each of ENVIRONMENT or TRAINING; None for what it does not tell."""
    found = {}
    for name, place in places.items():
        value: Any = summary
        for key in place.split("."):
            value = _mapping(value).get(key)
        found[name] = value[:MOST_OF_A_FACT] if isinstance(value, str) else _number(value)
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    """A finite number; None for anything else, and for one that no float holds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if abs(value) < MOST else None  # not-a-number is not less
