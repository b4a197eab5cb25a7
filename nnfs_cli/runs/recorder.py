"""Records reports in epochs.csv and steps.csv."""

import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from nnfs_cli.core.os_errors import WriteError
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.growing import Extent, GrowingTable, extent_of, extent_until
from nnfs_cli.runs.repair import keep_rows
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Report, StepReport

FLUSH_SECONDS = 1.0
TABLES = EPOCHS, STEPS = "epochs.csv", "steps.csv"


class Recorder:
    """Appends reports to a run's CSV files, after the rows that belong to the experiment's present state.

    recorded: how much of each file these rows are, from the state's checkpoint. All beyond is cut off. Where
        it does not tell, the rows up to the present step and epoch belong.
    """

    def __init__(
        self,
        run: RunDirectory,
        experiment: Experiment,
        recorded: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._run, progress = run, experiment.progress
        for name, last in ((EPOCHS, progress.epoch), (STEPS, progress.step)):
            if name not in recorded:
                keep_rows(run, name, last)
        self._tables = {
            name: GrowingTable(
                run.path / name, Extent(*recorded[name]) if name in recorded else extent_of(run.path / name)
            )
            for name in TABLES
        }
        self._flushed = time.monotonic()

    @property
    def recorded(self) -> dict[str, Any]:
        """How much of each file is written, for a checkpoint."""
        return {name: list(table.extent) for name, table in self._tables.items()}

    def recorded_until(self, epoch: int, step: int) -> dict[str, Any]:
        """How much of each file was written until an earlier state. Call it after `sync`."""
        lasts = zip(TABLES, (epoch, step), strict=True)
        return {name: list(extent_until(self._run.path / name, last)) for name, last in lasts}

    def record(self, report: Report) -> None:
        """Append a report's row. The first one creates the file, with its header."""
        if isinstance(report, StepReport):
            row = {"step": report.step, "epoch": report.epoch, "loss": report.loss, **report.metrics}
            self._tables[STEPS].append(row, row.values())
        elif isinstance(report, EpochReport):
            row = epoch_row(report)
            self._tables[EPOCHS].append(row, row.values())
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flushed = time.monotonic()
            with suppress(WriteError):  # rows that the disk does not take now wait for the next time
                for table in self._tables.values():
                    table.flush()

    def sync(self) -> None:
        """Write all rows, and wait until the disk has them: a checkpoint follows that counts them."""
        for table in self._tables.values():
            table.sync()

    def close(self) -> None:
        """Write all rows, and close the files. Further rows open them again."""
        for table in self._tables.values():
            table.close()


def epoch_row(report: EpochReport) -> dict[str, float]:
    """An epoch as a row of epochs.csv."""
    return {
        "epoch": report.epoch,
        "step": report.step,
        "seconds": round(report.seconds, 4),
        "learning_rate": report.learning_rate,
        **{f"train_{name}": score for name, score in report.train.items()},
        **{f"val_{name}": score for name, score in report.validation.items()},
    }


def columns(experiment: Experiment) -> dict[str, list[str]]:
    """The columns of an experiment's CSV files, by the files' names."""
    scores = ["loss", *experiment.metrics]
    train = [*scores, "penalty"] if experiment.config.regularizer is not None else scores
    validation = scores if "validation" in experiment.data.splits else []
    return {
        EPOCHS: [
            *("epoch", "step", "seconds", "learning_rate"),
            *(f"train_{name}" for name in train),
            *(f"val_{name}" for name in validation),
        ],
        STEPS: ["step", "epoch", *scores],
    }


def columns_changed(run: RunDirectory, experiment: Experiment) -> list[str]:
    """What is another in the columns of the run's CSV files, if they have whole ones."""
    changed = []
    for name, wanted in columns(experiment).items():
        found: list[str] = []
        if run.has(name):
            with (run.path / name).open(encoding="utf-8", errors="replace") as file:
                first = file.readline()
            found = first.rstrip("\n").split(",") if first.startswith(wanted[0] + ",") else []
        if found and first.endswith("\n") and found != wanted:
            changed.append(f"{name}: has the columns {','.join(found)}, and would get {','.join(wanted)}")
    return changed
