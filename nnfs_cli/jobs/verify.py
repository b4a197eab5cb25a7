"""Verifying a run: train it again beside it, and compare every number to the byte."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DivergenceError, InterruptionError, NnfsError
from nnfs_cli.jobs.changes import changes, network_changes, rounding
from nnfs_cli.jobs.checkpoint import Checkpoint, made_with, read_checkpoint, read_made_with
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.sameness import (
    NO_FILE,
    Compared,
    Difference,
    compare_arrays,
    compare_preparation,
    compare_rows,
    earliest,
    missing_file,
)
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.recorder import TABLES
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import Report

PREPARATION = "preparation.json"
ARRAYS = ("weights.npz", "predictions.npz")
ENDED = ("completed", "interrupted", "paused", "diverged")
"""How a training ends that writes all its files. Of any other, the last checkpoint is what it left."""
STATE = ("params", "statistics")
"""Of a checkpoint, what is compared."""
MOST_PARTS = 1024


@dataclass(frozen=True)
class End:
    """Where a training ended: how many epochs and steps were done, and how often it had gone back."""

    epochs: int
    steps: int
    rollbacks: int


@dataclass(frozen=True)
class Verification:
    """What came of training a run again.

    end: where it ended.   compared: a record for each file.   environment: what is not as it was.
    notes: what the run itself tells that explains a difference.
    """

    run: str
    end: End
    compared: list[Compared]
    environment: list[str]
    notes: list[str]

    @property
    def same(self) -> bool:
        return self.first is None

    @property
    def first(self) -> Difference | None:
        """The difference that comes first in training."""
        return earliest(self.compared)

    @property
    def missing(self) -> list[str]:
        """The files that the run has no longer."""
        return [each.file for each in self.compared if each.difference and each.difference.before == NO_FILE]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "run": self.run,
            "same": self.same,
            "epochs": self.end.epochs,
            "steps": self.end.steps,
            "files": [each.record() for each in self.compared],
            "first_difference": vars(self.first) if self.first else None,
            "environment": self.environment,
            "notes": self.notes,
        }


@contextmanager
def repetition(run: RunDirectory) -> Iterator["Repetition"]:
    """A run that is ready to be trained again, in a temporary folder that is gone after the `with` block."""
    with tempfile.TemporaryDirectory(prefix="nnfs-verify-") as folder:
        yield Repetition(run, Path(folder))


class Repetition:
    """A run that is trained again. The run itself is only read.

    experiment: as it was at the run's start, with the run's engine and parts.
    environment: what is not as it was when the run was trained, in sentences.

    NnfsError if the run is being trained, was not trained at all, or cannot be read.
    """

    def __init__(self, run: RunDirectory, folder: Path) -> None:
        self._run, self._summary = run, run.summary()
        status = self._summary.get("status")
        if status == "running":
            raise NnfsError(f"{run.path}: is being trained; verify it when that has ended")
        self._is_ended = status in ENDED
        self._is_diverged = status == "diverged"
        self._arrays = self._recorded_arrays()
        self._end = self._end_of_run()
        if not self._end.steps:
            raise NnfsError(f"{run.path}: nothing was trained yet, so there is nothing to verify")
        for name in TABLES:
            if self._is_ended and run.has(name):
                run.rows(name)  # tells of damage before hours of training
        if run.has(PREPARATION):
            run.preparation()
        before = read_made_with(run) or {"computed_by": _computed_by(self._summary)}
        config = run.config([("training.budget", None)])  # a clock of its own might end it elsewhere
        self.experiment = Experiment(config)
        choose_engine(self.experiment, _parts_and_threads(before.get("computed_by")))
        self._again = RunDirectory.create(folder, config, "again")
        self.environment = self._what_differs(before)

    def reports(self) -> Iterator[Report]:
        """Train to where the run ended, and yield every report."""
        progress, end = self.experiment.progress, self._end
        self.experiment.pause = end.steps
        try:
            with closing(train_run(self.experiment, self._again, draws=False)) as reports:
                for report in reports:
                    yield report
                    done = (progress.epoch, progress.step, progress.rollbacks)
                    is_there = all(a >= b for a, b in zip(done, vars(end).values(), strict=True))
                    if is_there and not self._is_diverged:
                        break
        except DivergenceError:  # what was written until then is compared
            return
        except InterruptionError:
            raise InterruptionError(f"interrupted; {self._run.path} is not verified") from None

    def verification(self) -> Verification:
        """Compare what the run has with what `reports` left."""
        run, again = self._run, self._again
        names = [*reversed(TABLES), PREPARATION, *(ARRAYS if self._is_ended else self._arrays)]
        compared = [self._compared(name) for name in names if run.has(name) or again.has(name)]
        first = earliest(compared)
        notes = self._summary.get("notes") if first else None
        told = [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
        history = [note for note in told if note.startswith(("resumed", "the schedule"))]
        return Verification(run.id, self._end, compared, self.environment, history)

    def _compared(self, name: str) -> Compared:
        run, again = self._run, self._again
        if name in (*TABLES, PREPARATION, *ARRAYS) and not (run.has(name) and again.has(name)):
            return missing_file(name, before=not run.has(name))
        if name in TABLES:
            return compare_rows(run, again, name, is_ended=self._is_ended)
        if name == PREPARATION:
            return compare_preparation(run, again)
        return compare_arrays(name, self._arrays[name], self._new_arrays(name))

    def _recorded_arrays(self) -> dict[str, dict[str, Array]]:
        if self._is_ended:
            return {name: self._run.arrays(name) for name in ARRAYS if self._run.has(name)}
        checkpoint = read_checkpoint(self._run)
        return {checkpoint.name: _state_of(checkpoint)}

    def _new_arrays(self, name: str) -> dict[str, Array]:
        if name not in ARRAYS:
            return _state_of(read_checkpoint(self._again))
        return self._again.arrays(name)

    def _end_of_run(self) -> End:
        if not self._is_ended:
            state = read_checkpoint(self._run).state
            return End(*(int(state.get(f"progress/{name}", 0)) for name in ("epoch", "step", "rollbacks")))
        rollbacks = self._summary.get("rollbacks")
        counts = [self._summary.get(name) for name in ("epochs", "steps")]
        epochs, steps = (n if isinstance(n, int) and not isinstance(n, bool) else 0 for n in counts)
        return End(epochs, steps, len(rollbacks) if isinstance(rollbacks, list) else 0)

    def _what_differs(self, before: Mapping[str, Any]) -> list[str]:
        run, now = self._run, made_with(self.experiment, self._again)
        sure, unsure = rounding(before, now)
        fingerprint = self._summary.get("data_fingerprint", before.get("data_fingerprint"))
        is_same = fingerprint == self.experiment.data.fingerprint
        data = [] if is_same else ["the data: their fingerprint has changed"]
        config = changes(before, self.experiment.config, run) if "config" in before else []
        return [*sure, *data, *config, *network_changes(before, now), *unsure]


def _state_of(checkpoint: Checkpoint) -> dict[str, Array]:
    """The parameters and statistics in a checkpoint."""
    return {name: checkpoint.state[name] for name in STATE if name in checkpoint.state}


def _computed_by(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What computed a run of an earlier version, as its summary tells."""
    versions, machine = summary.get("versions"), summary.get("machine")
    facts = {**(versions if isinstance(versions, dict) else {})}
    if isinstance(machine, dict):
        facts["processor"] = machine.get("processor")
    return {**facts, **{name: summary[name] for name in ("engine", "parts") if name in summary}}


def _parts_and_threads(computed_by: object) -> dict[str, int]:
    """The parts and threads of BLAS that computed a run, which may be from someone else."""
    found = computed_by if isinstance(computed_by, dict) else {}
    counts = {name: found.get(name) for name in ("parts", "blas_threads")}
    return {name: n for name, n in counts.items() if isinstance(n, int) and 1 <= n <= MOST_PARTS}
