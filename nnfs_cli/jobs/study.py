"""A whole study: train all runs of all trials, record how they end, choose the winner."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.extending import is_within
from nnfs_cli.config.variation import Variation
from nnfs_cli.core.errors import DamageError, InterruptionError, NnfsError
from nnfs_cli.core.interrupts import is_ctrl_c
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.study_run import RunTask
from nnfs_cli.jobs.study_summary import best_config, study_summary, where_best_is_from, why_no_winner
from nnfs_cli.jobs.study_workers import Workers
from nnfs_cli.studies.directory import RUNS, SUMMARY, TRIALS, StudyDirectory
from nnfs_cli.studies.plan import Plan, PlannedRun, Trial
from nnfs_cli.studies.results import Outcome, Results
from nnfs_cli.studies.sampling import Sampler, sampler_of

WRITE_SECONDS = 1.0
"""The tables are written again after so long, and whenever a generation or a rung ends."""


@dataclass(frozen=True)
class RunEnd:
    """A run got as far as was asked, or failed.

    done, of: how many runs did so in this generation or rung, and how many there are in it.
    """

    trial: Trial
    run: PlannedRun
    outcome: Outcome
    done: int
    of: int


class Conductor:
    """Trains a study's runs and writes its tables. Only one process conducts a study at a time.

    What the runs' folders hold already is not trained again. So a study that was stopped goes on by being
    conducted once more: the sampler chooses the same again, since it is told the same.

    notes: what was decided for the user.
    """

    def __init__(self, study: StudyDirectory, config: ExperimentConfig, notes: Sequence[str] = ()) -> None:
        self.study, self.config, self.plan = study, config, Plan(config)
        self._variation = Variation(config, str(study.path))
        maximized = {f"val_{metric.type_name}": metric.maximize for metric in config.metrics}
        self.results = Results(self.plan, maximize=maximized.get(self.plan.monitor, False))
        self._earlier: dict[str, Any] = {}
        with suppress(DamageError):  # the runs alone tell how far it is
            self._earlier = study.summary() if study.has(SUMMARY) else {}
        self.notes = list(dict.fromkeys([*self._earlier.get("notes", ()), *notes]))
        recorded = study.recorded_runs()
        is_told = self.plan.study.chosen_by == "tpe"  # it chose by what had failed, and shall choose the same
        self._failures = {
            row["run"]: row.get("note") or "failed"
            for row in recorded
            if is_told and row.get("status") == "failed"
        }
        self._before, self._written = _progress(recorded), time.monotonic()

    def conduct(self, workers: Workers) -> Generator[RunEnd, None, None]:
        """Train, and yield each run's end; then write the winner.

        InterruptionError if a signal stopped it, NnfsError if no trial was trained to its end. The tables
        are written in any case.
        """
        sampler = sampler_of(self.plan.study, self.config.seed, maximize=self.results.maximize)
        status = "failed"
        try:
            self._write_summary("running")
            with workers:
                yield from self._conduct(sampler, workers)
            status = "completed"
        except (InterruptionError, KeyboardInterrupt, ImportError) as error:
            if not (isinstance(error, InterruptionError) or is_ctrl_c(error)):
                raise
            status, again = "interrupted", typed("study", "--resume", self.study.path)
            raise InterruptionError(
                f"interrupted; everything is saved in {self.study.path}; `{again}` continues it"
            ) from None
        except GeneratorExit:
            status = "interrupted"
            raise
        finally:
            self._write_tables()
            self._write_summary(status)

    def _conduct(self, sampler: Sampler, workers: Workers) -> Iterator[RunEnd]:
        rungs, trials = self.plan.rungs(), self.results.trials
        while generation := sampler.ask():
            trials += generation
            yield from self._train(generation, rungs[0], workers)
            for trial in generation:
                sampler.tell(trial, self.results.value(trial))
            self._write_tables()
        left: list[Trial] = []
        for rung in rungs[1:]:
            ranked, count = self.results.ranked(trials), self.plan.survivors(len(trials))
            left = ranked[count:] + left
            trials = sorted(ranked[:count], key=lambda trial: trial.number)
            yield from self._train(trials, rung, workers)
            self._write_tables()
        while self.results.winner is None and left:  # all that went on have failed
            yield from self._train([left.pop(0)], None, workers)
            self._write_tables()
        if self.results.winner is None:
            raise NnfsError(f"{self.study.path}: {why_no_winner(self.results)}")
        if self.plan.chooses:
            comments = where_best_is_from(self.study.id, self.config.name, self.results)
            best = best_config(self.results.winner, self._variation, self.plan.seeds[0])
            self.study.write_best(best, comments)

    def _train(self, trials: Sequence[Trial], until: int | None, workers: Workers) -> Iterator[RunEnd]:
        """Train all runs of some trials until the end of an epoch, or of their training."""
        planned = {run.name: (trial, run) for trial in trials for run in self.plan.runs_of(trial)}
        tasks = [self._task(run, until) for _, run in planned.values()]
        for done, outcome in enumerate(workers.outcomes(tasks), 1):
            self._refuse_other_data(outcome)
            self.results.outcomes[outcome.name] = outcome
            if time.monotonic() > self._written + WRITE_SECONDS:
                self._write_tables()
            yield RunEnd(*planned[outcome.name], outcome, done, len(tasks))

    def _refuse_other_data(self, outcome: Outcome) -> None:
        """Raise NnfsError if the data changed between two runs, unless options of the data are varied.

        A plugin's dataset may draw its data by the run's seed.
        """
        draws_data = bool(self.config.plugins) and self.config.split_seed is None
        if draws_data or any(is_within(key, ["dataset"]) for key in self.plan.study.spaces):
            return
        for other in self.results.outcomes.values():
            if other.data and outcome.data and other.data != outcome.data:
                raise NnfsError(
                    f"{self.study.path}: {outcome.name} and {other.name} were trained on other data, which "
                    f"changed meanwhile; put them back and delete the runs that had others, or start another "
                    f"study"
                )

    def _task(self, run: PlannedRun, until: int | None) -> RunTask:
        return RunTask(
            str(self.study.path),
            run.name,
            self._variation.base,
            run.overrides,
            self.plan.monitor,
            self.results.maximize,
            until,
            self._failures.get(run.name, ""),
            self.study.trust_plugins,
        )

    def _write_tables(self) -> None:
        """Write what is known, unless the tables tell more, as until a resumed study has caught up."""
        self._written = time.monotonic()
        columns, rows = self.results.run_table()
        if _progress(rows) >= self._before:
            self.study.write_table(TRIALS, *self.results.trial_table())
            self.study.write_table(RUNS, columns, rows)
            self._earlier |= {**study_summary(self.results), "notes": self.notes}

    def _write_summary(self, status: str) -> None:
        began = self._earlier.get("started") or datetime.now().astimezone().isoformat(timespec="seconds")
        facts = {"id": self.study.id, "name": self.config.name, "status": status, "started": began}
        self._earlier |= facts
        self.study.write_summary({**facts, **self._earlier})


def _progress(rows: Sequence[Mapping[str, Any]]) -> int:
    """How far runs are in all, by the rows of runs.csv."""
    return sum(1 + int(row["epochs"]) for row in rows if str(row.get("epochs")).isdecimal())
