"""A whole run: train, record every report, save when stopped, score, draw."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from nnfs_cli import plots
from nnfs_cli.core.errors import DivergenceError, InterruptionError, WorkerError
from nnfs_cli.core.interrupts import StopRequest
from nnfs_cli.jobs.checkpoint import FILE, made_with, write_checkpoint
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.evaluate import evaluation_record
from nnfs_cli.jobs.inside import inside_arrays
from nnfs_cli.jobs.observers import Observers
from nnfs_cli.jobs.plot_data import plot_data
from nnfs_cli.jobs.summary import first_summary, update_progress
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import default_split
from nnfs_cli.runs.recorder import Recorder, epoch_row
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Report

CHECKPOINT_SECONDS = 30.0


def train_run(
    experiment: Experiment, run: RunDirectory, stopping: Callable[[], None] = lambda: None
) -> Iterator[Report]:
    """Train and yield every report after it is recorded; then save weights, scores and plots.

    stopping: called at the first SIGINT or SIGTERM, after which the step is finished and all is saved.

    Raises InterruptionError after SIGINT or SIGTERM, and DivergenceError if the training diverges; either
    way the run directory is complete, and its status says what happened. A second SIGINT stops at once,
    perhaps in the middle of a step. Then the last checkpoint is kept, and the run can be resumed from it.
    The same holds when a worker process ends, with a WorkerError.
    """
    try:
        yield from _train_and_record(experiment, run, stopping)
    except WorkerError as error:
        if not run.has("checkpoint.npz"):
            raise
        raise WorkerError(f"{error}; `nnfs resume {run.path}` continues from the last checkpoint") from None


def _train_and_record(
    experiment: Experiment, run: RunDirectory, stopping: Callable[[], None]
) -> Iterator[Report]:
    """`train_run`, but a WorkerError does not say how to resume yet."""
    choose_engine(experiment)
    summary = first_summary(experiment, run)
    run.write_json("summary.json", summary)
    run.write_json("preparation.json", experiment.preparation.record())
    observers, record = Observers(experiment, run), made_with(experiment, run)
    write_checkpoint(experiment, run, record)
    status, whole, saved = "failed", True, time.monotonic()
    try:
        with Recorder(run) as recorder, StopRequest(stopping) as stop, closing(train(experiment)) as reports:
            observers.see()
            for report in reports:
                recorder.record(report)
                if isinstance(report, EpochReport):
                    summary["final"] = epoch_row(report)
                    summary["notes"] += [note for note in report.notes if note not in summary["notes"]]
                observers.see()
                yield report
                if stop.requested:
                    break
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    recorder.flush()
                    observers.save()
                    write_checkpoint(experiment, run, record)
                    saved = time.monotonic()
        status = "completed" if experiment.finished else "interrupted"
    except DivergenceError:
        status = "diverged"
        raise
    except GeneratorExit:
        status = "interrupted"
        raise
    except KeyboardInterrupt:
        status, whole = "interrupted", False
        raise
    finally:
        update_progress(experiment, summary, status)
        worth_saving = whole and status != "failed"
        try:
            if worth_saving:
                observers.save()
                if status != "diverged":
                    write_checkpoint(experiment, run, record)
                save(experiment, run, summary)
        except BaseException as error:
            # Weights or scores are missing. Resuming the run writes them.
            summary["status"] = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            raise
        finally:
            run.write_json("summary.json", summary)
        if worth_saving:
            plots.draw_essential(run)
    if status == "interrupted":
        raise InterruptionError(
            f"interrupted in epoch {experiment.progress.epoch + 1} of {experiment.config.training.epochs}; "
            f"everything is saved in {run.path}; `nnfs resume {run.path}` continues it"
        )


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
