"""The training loop: mini-batch gradient descent as an iterator of reports."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.core.blas_threads import blas
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.divergence import Diverged, check_arrays, checked_loss
from nnfs_cli.training.epoch import close_epoch
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.recovery import recover
from nnfs_cli.training.reports import Heartbeat, Report, StepReport
from nnfs_cli.training.retrace import keep_mark

HEARTBEAT_SECONDS = 0.1
"""The longest time without a report, so that the caller can show progress, or stop."""


def train(experiment: Experiment) -> Generator[Report, None, None]:
    """Train from where `experiment.progress` stands to the last epoch.

    Yields a StepReport for each logged step, an EpochReport for each epoch, and a Heartbeat if neither came
    for a while, or after the step `experiment.pause`. At a report no step is half done, and all parameters
    are finite: the caller may stop there, keep `experiment.state()`, and resume from it later. Ctrl-C waits
    for the end of the step; a second one does not.

    Raises DivergenceError when training diverges (`training/divergence.py` says when that is); parameters
    are then the last finite ones. With `on_divergence: rollback` it yields a Rollback instead, at most
    MOST_ROLLBACKS times: the experiment is back at an epoch's end, and goes on at half the learning rate.
    """
    with _ready_to_train(experiment) as interrupt:
        while not experiment.finished:
            report = None
            try:
                yield from _epoch(experiment, interrupt)
            except Diverged as found:
                with _busy(interrupt):
                    report = recover(experiment, found)
            if report is not None:
                yield report


def _epoch(experiment: Experiment, interrupt: Uninterrupted) -> Iterator[Report]:
    """The reports of the epoch's steps to come, and that of its end. Raises Diverged."""
    progress, engine, training = experiment.progress, experiment.engine, experiment.config.training
    rows, library = len(progress.order), blas()
    if progress.position == 0:
        experiment.shuffle()
    first_step, rates = progress.step, experiment.learning_rates()  # of the epoch's steps to come
    loads = experiment.loads
    keep_mark(experiment, time.perf_counter())
    while progress.position < rows and experiment.loads == loads:
        started = time.perf_counter()
        keep_mark(experiment, started)
        report: Report | None = None
        # Until the next report, BLAS has the engine's number of threads, and Ctrl-C waits.
        interrupt.busy, threads_before = True, library.num_threads
        library.set_num_threads(engine.blas_threads)
        try:
            with np.errstate(**IGNORE_OVERFLOW):
                while report is None and progress.position < rows:
                    here = experiment.take_step(rates[progress.step - first_step])
                    if progress.step == 1:
                        checked_loss(experiment, here)  # which notes it as the start's
                    if progress.step % training.log_every == 0:
                        report = _logged(experiment, here)
                    elif here.stop < rows and (
                        progress.step == experiment.pause or time.perf_counter() - started > HEARTBEAT_SECONDS
                    ):
                        check_arrays(experiment)
                        report = Heartbeat(progress.step, progress.epoch + 1)
        finally:
            library.set_num_threads(threads_before)
        progress.seconds += time.perf_counter() - started
        interrupt.busy = False
        if interrupt.pending:
            interrupt.deliver()
        if report is not None:
            yield report
    if experiment.loads == loads:  # else who listens has gone to another place, perhaps another epoch
        yield close_epoch(experiment, interrupt)


def _logged(experiment: Experiment, here: slice) -> StepReport:
    """The report of the step that trained on these rows of the order. Raises Diverged."""
    progress, split = experiment.progress, experiment.data.splits["train"]
    loss = checked_loss(experiment, here)
    metrics = experiment.metric_scores(progress.outputs[here], split, progress.order[here])
    experiment.sound = progress.step
    return StepReport(progress.step, progress.epoch + 1, loss, metrics)


@contextmanager
def _busy(interrupt: Uninterrupted) -> Iterator[None]:
    """In the `with` block Ctrl-C waits."""
    interrupt.busy = True
    yield
    interrupt.busy = False
    if interrupt.pending:
        interrupt.deliver()


@contextmanager
def _ready_to_train(experiment: Experiment) -> Iterator[Uninterrupted]:
    """In the `with` block the engine is ready for steps, and Ctrl-C waits while `busy` is set."""
    experiment.engine.begin(experiment.progress.step)
    try:
        with Uninterrupted() as interrupt:
            interrupt.busy = False
            yield interrupt
    finally:
        experiment.engine.end()
