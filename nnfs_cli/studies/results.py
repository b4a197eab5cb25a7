"""What came out of a study: a row for each trial and run, the winner, and its scores with intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnfs_cli.metrics.base import range_of
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.means import corrected_t, over_seeds_and_rows, t_interval
from nnfs_cli.studies.plan import Plan, PlannedRun, Trial


@dataclass(frozen=True)
class Outcome:
    """How a run ended, read from its folder.

    status: `completed`, `paused`, `diverged` or `failed`.
    note: why it failed or diverged.
    value: the monitored value, None if it is undefined or if there is none.
    scores, intervals: of each split, by its name.
    rows: how many each split has.
    data: the fingerprint of the data.
    """

    name: str
    status: str
    note: str = ""
    epochs: int = 0
    seconds: float = 0.0
    value: float | None = None
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    data: str = ""


@dataclass(frozen=True)
class Mean:
    """A mean over runs, with its interval. It is not a number where one of the values is undefined."""

    value: float
    interval: Interval
    runs: int

    @classmethod
    def of(cls, name: str, values: Sequence[float], interval: Interval) -> "Mean":
        """The mean of a score's values, one for each run. Its interval ends where such a score does."""
        mean = math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan
        return cls(mean, interval.within(*range_of(name)), len(values))

    def to_json(self) -> dict[str, Any]:
        return {"mean": self.value, "runs": self.runs, **self.interval.to_json()}


class Results:
    """The outcomes of a study's runs so far.

    maximize: whether larger monitored values are better.
    """

    def __init__(self, plan: Plan, *, maximize: bool) -> None:
        self.plan, self.maximize = plan, maximize
        self.trials: list[Trial] = []
        self.outcomes: dict[str, Outcome] = {}

    def of(self, trial: Trial) -> list[Outcome]:
        """The outcomes of a trial's runs, as far as they are known."""
        names = (run.name for run in self.plan.runs_of(trial))
        return [self.outcomes[name] for name in names if name in self.outcomes]

    def completed(self, trial: Trial) -> list[Outcome]:
        """Those that were trained to their ends."""
        return [outcome for outcome in self.of(trial) if outcome.status == "completed"]

    def status(self, trial: Trial) -> str:
        """`completed`, `paused`, `diverged` or `failed`, as the worst of its runs; `unfinished` at first."""
        found = [outcome.status for outcome in self.of(trial)]
        worst = [status for status in ("failed", "diverged") if status in found]
        if len(found) < self.plan.runs_per_trial and not worst:
            return "unfinished"
        return (worst + [status for status in ("paused",) if status in found] + ["completed"])[0]

    def monitored(self, trial: Trial) -> Mean | None:
        """The mean of the monitored value over a trial's runs; None if it has failed, or is not finite."""
        if self.status(trial) not in ("completed", "paused"):
            return None
        name, outcomes = self.plan.monitor.removeprefix("val_"), self.of(trial)
        values = [_number(outcome.value) for outcome in outcomes]
        mean = Mean.of(name, values, self._over_runs(trial, "validation", outcomes, values))
        return mean if math.isfinite(mean.value) else None

    def value(self, trial: Trial) -> float | None:
        """The value that a trial is chosen by; None if it has none."""
        mean = self.monitored(trial)
        return None if mean is None else mean.value

    def ranked(self, trials: Iterable[Trial]) -> list[Trial]:
        """Those of the trials that have a value, the best first; of equal ones that of the lower number."""
        sign = -1.0 if self.maximize else 1.0
        values = [(value, trial) for trial in trials if (value := self.value(trial)) is not None]
        return [trial for _, trial in sorted(values, key=lambda each: (sign * each[0], each[1].number))]

    @property
    def winner(self) -> Trial | None:
        """The best of the trials that were trained to their ends; without any choice, the one trial."""
        if not self.plan.chooses:
            return next((trial for trial in self.trials if self.completed(trial)), None)
        ended = [trial for trial in self.trials if self.status(trial) == "completed"]
        return next(iter(self.ranked(ended)), None)

    @property
    def has_same_test_rows(self) -> bool:
        """Whether all runs have the same data and as many test rows, which then are the same."""
        known = {
            (outcome.data, outcome.rows.get("test")) for outcome in self.outcomes.values() if outcome.rows
        }
        return len(known) < 2

    def scores(self, trial: Trial) -> dict[str, dict[str, Mean]]:
        """The means of a trial's scores over its completed runs, by split and name."""
        outcomes = self.completed(trial)
        return {
            split: {name: self._mean(trial, split, name, outcomes) for name in names}
            for split, names in outcomes[0].scores.items()
        }

    def _mean(self, trial: Trial, split: str, name: str, outcomes: Sequence[Outcome]) -> Mean:
        """The mean of a score. Where all runs have the same rows, its interval is for other rows as well."""
        values = [_number(outcome.scores.get(split, {}).get(name)) for outcome in outcomes]
        own = [Interval.of_json(outcome.intervals.get(split, {}).get(name)) for outcome in outcomes]
        if len(values) == 1:
            interval = own[0]
        elif self._share(split, outcomes) or split == "train":
            interval = self._over_runs(trial, split, outcomes, values)
        else:
            interval = over_seeds_and_rows(values, own, self._runs)
        return Mean.of(name, values, interval)

    def _over_runs(
        self, trial: Trial, split: str, outcomes: Sequence[Outcome], values: Sequence[float]
    ) -> Interval:
        """The interval of a mean over runs: by t over seeds, by the corrected t over folds and splits."""
        if len(values) == 1:
            return Interval.none("a single run")
        share = self._share(split, outcomes)
        if not share:
            return t_interval(values, self._runs)
        if not self.plan.study.folds:
            return corrected_t(values, share, "splits")[0]
        of_folds: dict[Any, list[float]] = {}
        runs = {run.name: run for run in self.plan.runs_of(trial)}
        for outcome, value in zip(outcomes, values, strict=True):  # seeds of one fold are no new rows
            run = runs[outcome.name]
            of_folds.setdefault((run.repeat, run.fold), []).append(value)
        return corrected_t([math.fsum(each) / len(each) for each in of_folds.values()], share)[0]

    @property
    def _runs(self) -> str:
        """What runs of a trial are called in a method's name."""
        return "runs" if self.plan.study.folds else "seeds"

    def _share(self, split: str, outcomes: Iterable[Outcome]) -> float:
        """The share of a split's rows in these and the training rows, if each run has others; else 0."""
        validates = self.plan.study.folds is not None and split == "validation"
        if not (validates or self.plan.draws_anew(split)):
            return 0.0
        rows = [(each.rows[split], each.rows["train"]) for each in outcomes if split in each.rows]
        shares = [tested / (tested + trained) for tested, trained in rows]
        return math.fsum(shares) / len(shares) if shares else 0.5

    def shares(self) -> dict[str, float]:
        """By split, the share of its rows in these and the training rows, where each run has others."""
        found = {split: self._share(split, self.outcomes.values()) for split in ("validation", "test")}
        return {split: share for split, share in found.items() if share and self.plan.runs_per_trial > 1}

    def trial_table(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The columns and rows of trials.csv."""
        monitor = self.plan.monitor
        ends = [f"{monitor}_low", f"{monitor}_high"]
        options = list(self.plan.study.vary or ())
        rows = []
        for trial in self.trials:
            mean, outcomes = self.monitored(trial), self.of(trial)
            row = {
                "trial": trial.number,
                **trial.options,
                "status": self.status(trial),
                "runs": len(outcomes),
                "epochs": max((outcome.epochs for outcome in outcomes), default=0),
            }
            if mean:
                row[monitor] = mean.value
                row |= dict(zip(ends, _ends(mean.interval), strict=True))
            rows.append(row)
        return ["trial", *options, "status", "runs", "epochs", monitor, *ends], rows

    def run_table(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The columns and rows of runs.csv; test scores only where no trial is chosen."""
        rows: list[dict[str, Any]] = []
        scored: dict[str, None] = {}
        for run in (run for trial in self.trials for run in self.plan.runs_of(trial)):
            if run.name in self.outcomes:
                rows.append(_run_row(run, self.outcomes[run.name], self.plan))
                scored |= dict.fromkeys(key for key in rows[-1] if "." in key)
        places = ["repeat", "fold"] if self.plan.study.folds else []
        first = ["run", "trial", "seed", *places, "status", "epochs", "seconds", self.plan.monitor]
        return [*first, *scored, "note"], rows


def _run_row(run: PlannedRun, outcome: Outcome, plan: Plan) -> dict[str, Any]:
    scores = {
        f"{split}.{name}": value
        for split, names in outcome.scores.items()
        if split != "test" or not plan.chooses
        for name, value in names.items()
    }
    return {
        "run": run.name,
        "trial": run.trial,
        "seed": run.seed,
        "repeat": run.repeat,
        "fold": run.fold,
        "status": outcome.status,
        "epochs": outcome.epochs,
        "seconds": outcome.seconds,
        plan.monitor: outcome.value,
        **scores,
        "note": outcome.note,
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _ends(interval: Interval) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval.exists else (None, None)
