"""What a training leaves in its run: rows, what observers saw, checkpoints, weights, scores and a summary."""

import time
from contextlib import suppress
from typing import Any

import numpy as np

from nnfs_cli import plots
from nnfs_cli.jobs.checkpoint import (
    FILE,
    Checkpoint,
    keep_as_last,
    made_with,
    read_checkpoint,
    write_checkpoint,
)
from nnfs_cli.jobs.evaluate import evaluation_record
from nnfs_cli.jobs.inside import inside_arrays
from nnfs_cli.jobs.observers import Observers
from nnfs_cli.jobs.plot_data import plot_data
from nnfs_cli.jobs.resume import Resumed
from nnfs_cli.jobs.summary import first_summary, update_progress
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.leftovers import remove_leftovers
from nnfs_cli.runs.listing import default_split
from nnfs_cli.runs.recorder import Recorder, epoch_row
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Report

SHARE = 0.01
"""The part of the time that writing checkpoints may take."""


class Record:
    """The record of a training that is about to begin or to resume. Only its writer may make one.

    Rows, what observers saw, and checkpoints are one transaction. A checkpoint is written when the disk has
    all that belongs to it, and counts that. Whoever goes on from it first cuts off the rest.
    """

    def __init__(self, experiment: Experiment, run: RunDirectory) -> None:
        self._experiment, self._run = experiment, run
        remove_leftovers(run.path)
        checkpoint = experiment.checkpoint if isinstance(experiment, Resumed) else None
        if isinstance(experiment, Resumed) and experiment.config_text:
            run.write("config.yaml", experiment.config_text.encode())
        self._go_on_from(checkpoint)
        self._summary = first_summary(experiment, run)
        experiment.said.update(self._summary["notes"])
        self._made_with = made_with(experiment, run)
        run.write_json("preparation.json", experiment.preparation.record())
        self._observers.see()
        self.checkpoint()

    def _go_on_from(self, checkpoint: Checkpoint | None) -> None:
        """Cut off what was written after a checkpoint, whose state the experiment has; None for the start."""
        run, experiment = self._run, self._experiment
        recorded = checkpoint.recorded if checkpoint else {}
        if checkpoint:
            keep_as_last(run, checkpoint)
        self._rows = Recorder(run, experiment, recorded)
        self._observers = Observers(experiment, run, recorded)

    def add(self, report: Report) -> None:
        """Add a report: its row, and what observers see."""
        self._rows.record(report)
        if isinstance(report, EpochReport):
            self._summary["final"] = epoch_row(report)
            notes = self._summary["notes"]
            notes += [note for note in report.notes if note not in notes]
        self._observers.see()

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint, unless the last one is younger than `training.checkpoint_every`, or than makes
        checkpoints take more than their share of the time.
        """
        if time.monotonic() >= self._due:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Write a checkpoint of the present state, after all that belongs to it."""
        started = time.monotonic()
        self._rows.sync()
        self._observers.save()
        update_progress(self._experiment, self._summary, "running")
        self._run.write_json("summary.json", self._summary)
        recorded = {**self._rows.recorded, **self._observers.recorded}
        write_checkpoint(self._experiment, self._run, self._made_with, recorded)
        written, every = time.monotonic(), self._experiment.config.training.checkpoint_every
        self._due = written + max(every, (written - started) / SHARE if every else 0.0)

    def rewind(self) -> None:
        """Go back to the last whole checkpoint: the experiment's state, the rows, and what observers saw."""
        checkpoint = read_checkpoint(self._run)
        self._rows.close()
        self._experiment.load_state(checkpoint.state, str(self._run.path / checkpoint.name))
        self._go_on_from(checkpoint)
        self._observers.see()

    def end(self, status: str) -> None:
        """Write the last checkpoint, weights, scores, pictures and the summary with its final status.

        A training that diverged keeps its last checkpoint.
        """
        try:
            if status == "diverged":
                self._observers.save()
            else:
                self.checkpoint()
            save(self._experiment, self._run, self._summary)
        except BaseException as error:
            # Weights or scores are missing. Resuming the run writes them.
            status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            raise
        finally:
            self.leave(status)
        plots.draw_essential(self._run)

    def leave(self, status: str) -> None:
        """Write the rows and the status, and no more: the last checkpoint is what is left."""
        with suppress(OSError):  # rows that a full disk does not take, a resumed run writes again
            self._rows.close()
        update_progress(self._experiment, self._summary, status)
        self._run.write_json("summary.json", self._summary)


def save(experiment: Experiment, run: RunDirectory, summary: dict[str, Any]) -> None:
    """Write weights, scores and predictions: of the best epoch, which the experiment then has."""
    experiment.use_best()
    usable = bool(np.isfinite(experiment.network.params.value).all())
    if usable:
        run.write_arrays("weights.npz", experiment.network.params.arrays())
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged network's scores overflow
            evaluations = {name: evaluate(experiment, name) for name in experiment.data.splits}
        summary["scores"] = {name: dict(evaluation.scores) for name, evaluation in evaluations.items()}
        pictured = evaluations[default_split(evaluations)]
        summary["pictured_split"] = pictured.split
        run.write_arrays("predictions.npz", plot_data(experiment, pictured))
        run.write_arrays("inside.npz", inside_arrays(experiment, pictured.split))
        record = evaluation_record(experiment, pictured)
        run.write_json(f"evaluation-{pictured.split}.json", record)
        if "targets" in record:
            summary["targets"] = record["targets"]
    summary["files"] = {name: seal for name, seal in run.seals.items() if name != FILE}
