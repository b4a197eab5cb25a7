"""What a study recorded, read from its tables: no plugin runs, and no data are loaded."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nnfs_cli.config.dialect import load
from nnfs_cli.config.find import read_text
from nnfs_cli.config.reader import Reader
from nnfs_cli.config.study import Space, StudyConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DamageError
from nnfs_cli.metrics.base import METRICS, range_of
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.finding import STUDY
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.means import corrected_t, t_interval
from nnfs_cli.studies.directory import RUNS, SUMMARY, TRIALS, StudyDirectory, as_cell

SIZES = ("dataset.rows", "dataset.samples")
"""Options that say how many rows there are to learn from."""


@dataclass(frozen=True)
class Option:
    """A varied option.

    key: its dotted key.
    labels: its choices as texts; empty for a range of numbers.
    is_log: whether its range is logarithmic.
    """

    key: str
    space: Space

    @property
    def labels(self) -> list[str]:
        return [as_text(choice) for choice in self.space.values] if self.space.kind == "choices" else []

    @property
    def is_log(self) -> bool:
        return self.space.kind == "log"

    @property
    def is_size(self) -> bool:
        """Whether it is how many rows there are to learn from, a number."""
        return self.key in SIZES and all(isinstance(value, int | float) for value in self.space.values)

    def place(self, cell: str) -> float:
        """Where a value in trials.csv is drawn: the number itself, or which choice it is; nan for neither."""
        if self.space.kind != "choices":
            return number(cell)
        cells = [str(as_cell(choice)) for choice in self.space.values]
        return float(cells.index(cell)) if cell in cells else math.nan

    def text(self, cell: str) -> str:
        """A value in trials.csv as a few words."""
        place = self.place(cell)
        if not math.isfinite(place):
            return cell
        return self.labels[int(place)] if self.labels else f"{place:.4g}"


@dataclass(frozen=True)
class TrialRecord:
    """A row of trials.csv.

    cells: the varied options as they are written there.
    value, low, high: the monitored mean and its interval, not a number where there is none.
    """

    number: int
    cells: Mapping[str, str]
    status: str
    epochs: int
    value: float
    low: float
    high: float

    def label(self, options: Sequence[Option]) -> str:
        """`trial 12: learning_rate 0.0013, units 64`; an empty text where nothing is varied."""
        names = short_names([each.key for each in options])
        pairs = [f"{names[each.key]} {each.text(self.cells[each.key])}" for each in options]
        return f"trial {self.number}: {', '.join(pairs)}" if pairs else ""

    @property
    def has_value(self) -> bool:
        return math.isfinite(self.value)


class StudyRecord:
    """A study's tables. DamageError where a file is not as nnfs wrote it."""

    def __init__(self, study: StudyDirectory) -> None:
        self.study = study

    @cached_property
    def yaml(self) -> str:
        """study.yaml as it stands."""
        return read_text(self.study.path / STUDY)

    @cached_property
    def config(self) -> StudyConfig:
        """The section `study`."""
        reader = Reader()
        config = reader.dataclass(StudyConfig, self._raw.get("study"), "study", "study")
        if reader.mistakes or config is None:
            raise DamageError(f"{self.study.path / STUDY}: {'; '.join(map(str, reader.mistakes))}")
        found: StudyConfig = config
        return found

    @cached_property
    def _raw(self) -> Mapping[str, Any]:
        try:
            raw = load(self.yaml)
        except yaml.YAMLError as error:
            raise DamageError(f"{self.study.path / STUDY}: not YAML: {error}") from None
        return raw if isinstance(raw, Mapping) else {}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json; {} before it is written."""
        return self.study.summary() if self.study.has(SUMMARY) else {}

    @property
    def name(self) -> str:
        return str(self._raw.get("name") or self.study.id)

    @cached_property
    def options(self) -> list[Option]:
        """The varied options."""
        return [Option(key, space) for key, space in self.config.spaces.items()]

    @cached_property
    def monitor(self) -> str:
        """The value that trials are chosen by, as `val_loss`."""
        training = self._raw.get("training")
        given = training.get("monitor") if isinstance(training, Mapping) else None
        return str(self.summary.get("monitor") or self.config.monitor or given or "val_loss")

    @property
    def maximize(self) -> bool:
        """Whether larger monitored values are better.

        A study that was killed at its beginning has not recorded it; then a plugin's metric is not known.
        """
        metric = self.monitor.removeprefix("val_")
        known = metric in METRICS and METRICS[metric].maximize
        return bool(self.summary.get("maximize", known))

    @cached_property
    def trials(self) -> list[TrialRecord]:
        """The rows of trials.csv, in the order of their numbers."""
        found = [self._trial(row) for row in _rows(self.study.path / TRIALS)]
        return sorted((trial for trial in found if trial), key=lambda trial: trial.number)

    def _trial(self, row: Mapping[str, str]) -> TrialRecord | None:
        if not row["trial"].isdecimal():
            return None
        ends = (row.get(f"{self.monitor}{end}", "") for end in ("", "_low", "_high"))
        cells = {option.key: row.get(option.key, "") for option in self.options}
        epochs = row.get("epochs", "")
        return TrialRecord(
            int(row["trial"]),
            cells,
            row.get("status", ""),
            int(epochs) if epochs.isdecimal() else 0,
            *map(number, ends),
        )

    @cached_property
    def runs(self) -> list[dict[str, str]]:
        """The rows of runs.csv."""
        return _rows(self.study.path / RUNS)

    def runs_of(self, trial: TrialRecord) -> list[dict[str, str]]:
        """The rows of runs.csv of a trial."""
        return [row for row in self.runs if row["trial"] == str(trial.number)]

    @cached_property
    def ranked(self) -> list[TrialRecord]:
        """The trials that have a value, the best first: those trained to their ends before the others."""
        sign = -1.0 if self.maximize else 1.0
        valued = [trial for trial in self.trials if trial.has_value]
        return sorted(valued, key=lambda each: (each.status != "completed", sign * each.value, each.number))

    @property
    def winner(self) -> TrialRecord | None:
        """The best of the trials that were trained to their ends."""
        return next((trial for trial in self.ranked if trial.status == "completed"), None)

    def run(self, name: str) -> RunDirectory | None:
        """The folder of one of its runs; None if it is gone, or if the name is that of no folder here."""
        if Path(name).name != name or not (self.study.path / name / "config.yaml").is_file():
            return None
        return RunDirectory(self.study.path / name, trust_plugins=self.study.trust_plugins)

    def interval(
        self, values: Sequence[float], folds: Sequence[object], name: str = "", split: str = "validation"
    ) -> Interval:
        """The interval of the mean of values on a split, one for each of a trial's runs.

        folds: the fold of each run, by `fold_of`; runs of one fold count as their mean.
        name: of the score, as `accuracy`; empty for differences of scores.
        """
        shares = self.summary.get("test_shares")
        share = shares.get(split) if isinstance(shares, Mapping) else None
        of = "splits"
        if self.config.folds and share:
            of, by_fold = "folds", dict[object, list[float]]()
            for fold, value in zip(folds, values, strict=True):
                by_fold.setdefault(fold, []).append(value)
            values = [math.fsum(each) / len(each) for each in by_fold.values()]
        interval = corrected_t(values, share, of)[0] if share else t_interval(values)
        return interval.within(*range_of(name))

    def values(self, rows: Sequence[Mapping[str, str]], column: str) -> Array:
        """A column (n,) of rows of runs.csv; not a number where there is none."""
        return np.array([number(row.get(column, "")) for row in rows])


def fold_of(row: Mapping[str, str]) -> tuple[str, str]:
    """Which fold of which cut a row of runs.csv validated on; the same for all without folds."""
    return row.get("repeat", ""), row.get("fold", "")


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The shortest ending of each dotted key that is a word, and that no other one of them has."""
    names = {}
    for key in keys:
        parts = key.split(".")
        endings = [".".join(parts[place:]) for place in reversed(range(len(parts)))]
        taken = [f".{other}" for other in keys if other != key]
        fit = (each for each in endings if not each[0].isdecimal())
        names[key] = next((each for each in fit if not any(o.endswith(f".{each}") for o in taken)), key)
    return names


def as_text(value: Any) -> str:
    """A choice in few letters: `l2(strength 0.001)` for the component `{type: l2, strength: 0.001}`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        named = {key: as_text(each) for key, each in value.items()}
        kind = named.pop("type", "")
        options = ", ".join(f"{key} {text}" for key, text in named.items())
        return f"{kind}({options})" if options else kind
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_text, value))}]"
    return json.dumps(value, default=str)


def number(cell: str) -> float:
    """The number in a cell; not a number where there is none."""
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _rows(file: Path) -> list[dict[str, str]]:
    """The rows of a table; [] if it is not there. Cells that a row lacks are empty."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        reader = csv.DictReader(lines, restval="")
        rows = [{key: value for key, value in row.items() if key} for row in reader]
    if rows and "trial" not in rows[0]:
        raise DamageError(f"{file}: damaged: it has no column `trial`")
    return rows
