"""A whole run: train, record every report, save when stopped, score, draw."""

from collections.abc import Callable, Iterator
from contextlib import closing

from nnfs_cli.core.errors import DivergenceError, InterruptionError, WorkerError
from nnfs_cli.core.interrupts import StopRequest
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.record import Record
from nnfs_cli.jobs.troubles import DISK_ERRORS, said
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import Report


def train_run(
    experiment: Experiment, run: RunDirectory, stopping: Callable[[], None] = lambda: None
) -> Iterator[Report]:
    """Train and yield every report after it is recorded; then save weights, scores and plots.

    stopping: called at the first SIGINT or SIGTERM, after which the step is finished and all is saved.

    Raises InterruptionError after SIGINT or SIGTERM, and DivergenceError if the training diverges; either
    way the run directory is complete, and its status says what happened. A second SIGINT stops at once,
    perhaps in the middle of a step. Then the last checkpoint is kept, and the run can be resumed from it.
    The same holds when a worker process ends, with a WorkerError.

    Where the disk does not take a checkpoint, training goes on and tries again; `run.troubles` says so.
    Raises StorageError if it does not take what is left at the end.
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
    with run.writing():
        choose_engine(experiment)
        record = Record(experiment, run)
        try:
            with StopRequest(stopping) as stop, closing(train(experiment)) as reports:
                for report in reports:
                    yield record.add(report)
                    if stop.requested:
                        break
                    record.checkpoint_if_due()
        except DivergenceError as error:
            raise record.diverged(error) from None
        except GeneratorExit:
            record.end("interrupted")
            raise
        except KeyboardInterrupt:
            record.leave("interrupted")
            raise
        except DISK_ERRORS as error:
            record.leave("failed")
            raise record.storage_error([said(error)]) from None
        except BaseException:
            record.leave("failed")
            raise
        record.end("completed" if experiment.finished else "interrupted")
    if not experiment.finished:
        raise InterruptionError(
            f"interrupted in epoch {experiment.progress.epoch + 1} of {experiment.config.training.epochs}; "
            f"everything is saved in {run.path}; `nnfs resume {run.path}` continues it"
        )
