"""A whole run: train, record every report, save when stopped, score, draw."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from nnfs_cli.core.errors import DivergenceError, InterruptionError, WorkerError
from nnfs_cli.core.interrupts import StopRequest
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.checkpoint import has_checkpoint
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.record import Record
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Report

STEPPING = "finishing the step and saving; Ctrl-C again stops at once, at the last checkpoint"
ENDING = "saving, scoring and drawing; Ctrl-C again stops at once"
"""What a training says that it does when it is asked to stop."""


def train_run(
    experiment: Experiment,
    run: RunDirectory,
    say: Callable[[str], None] = lambda _: None,
    *,
    until: int | None = None,
    draws: bool = True,
) -> Generator[Report, None, None]:
    """Train and yield every report after it is recorded; then save weights, scores and plots.

    say: called with what is done next, when a signal asks to stop (`core/interrupts.py`).
    until: the epoch at whose end to pause, unless training is finished then. `resume` goes on from there.
    draws: whether to draw pictures at the end.

    Raises InterruptionError if the first signal cut the training short, and DivergenceError if it diverges;
    either way the run directory is complete, and its status says what happened. A second SIGINT stops at
    once, perhaps in the middle of a step. Then the last checkpoint is kept, and the run can be resumed from
    it. The same holds when a worker process ends, with a WorkerError.

    Where the disk does not take a checkpoint, training goes on and tries again; `run.troubles` says so.
    Raises StorageError if it does not take what is left at the end.
    """
    try:
        yield from _train_and_record(experiment, run, say, until, draws=draws)
    except WorkerError as error:
        if not has_checkpoint(run):
            raise
        raise WorkerError(f"{error}; {_continues(run)}") from None


def _train_and_record(
    experiment: Experiment, run: RunDirectory, say: Callable[[str], None], until: int | None, *, draws: bool
) -> Iterator[Report]:
    """`train_run`, but a WorkerError does not say how to resume yet."""
    doing = STEPPING
    with run.writing(), StopRequest(lambda: say(doing)) as stop:
        choose_engine(experiment)
        record = Record(experiment, run, draws=draws)
        pauses = False
        try:
            with closing(train(experiment)) as reports:
                for report in reports:
                    yield record.add(report)
                    pauses = isinstance(report, EpochReport) and report.epoch == until
                    if stop.requested or pauses:
                        break
                    record.checkpoint_if_due()
        except DivergenceError as error:
            raise record.diverged(error) from None
        except GeneratorExit:
            if not run.is_written_here:  # a fork of the caller ends
                raise
            if stop.is_urgent:  # it came while the caller was at work
                record.leave("interrupted")
            else:
                record.end("interrupted")
            raise
        except KeyboardInterrupt:
            record.leave("interrupted")
            raise
        except BaseException:
            record.leave("failed")
            raise
        doing = ENDING
        if stop.requested:
            say(doing)
        record.end("completed" if experiment.finished else "paused" if pauses else "interrupted")
    if not experiment.finished and not pauses:
        raise InterruptionError(
            f"interrupted in epoch {experiment.progress.epoch + 1} of {experiment.config.training.epochs}; "
            f"everything is saved in {run.path}; `{typed('resume', run.path)}` continues it"
        )


def what_is_kept(run: RunDirectory) -> str:
    """What is left of a training that stopped at once, and how to go on from there."""
    if not has_checkpoint(run):
        return f"nothing was trained yet; `{typed('train', run.path / 'config.yaml')}` starts anew"
    if run.summary()["status"] == "completed":
        return f"{run.path} is complete but for its pictures; `{typed('plot', run.path)}` draws them"
    return _continues(run)


def _continues(run: RunDirectory) -> str:
    return f"`{typed('resume', run.path)}` continues from the last checkpoint"
