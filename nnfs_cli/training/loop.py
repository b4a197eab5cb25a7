"""The training loop: mini-batch gradient descent as an iterator of reports."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.core.blas_threads import blas
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.divergence import GROWTH, Diverged, note_start, vectors_of
from nnfs_cli.training.epoch import close_epoch, stopped_early
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.recovery import recover, rolled_back_if_bad
from nnfs_cli.training.reports import Heartbeat, Report, StepReport
from nnfs_cli.training.retrace import keep_mark

HEARTBEAT_SECONDS = 0.1
"""The longest time without a report, so that the caller can show progress, or stop."""


def train(experiment: Experiment) -> Generator[Report, None, None]:
    """Train from where `experiment.progress` stands to the last epoch, or to the end of the budget.

    Yields a StepReport for each logged step, an EpochReport for each epoch, and a Heartbeat if neither came
    for a while, or after the step `experiment.pause`. At a report no step is half done, and all parameters
    are finite: the caller may stop there, keep `experiment.state()`, and resume from it later. Ctrl-C waits
    for the end of the step; a second one does not.

    Raises DivergenceError when training diverges (`training/divergence.py` says when that is); parameters
    are then the last finite ones. With `on_divergence: rollback` it yields a Rollback instead, at most
    MOST_ROLLBACKS times: the experiment is back at an epoch's end, and goes on at half the learning rate.
    """
    progress, engine, training = experiment.progress, experiment.engine, experiment.config.training
    split, rows = experiment.data.splits["train"], len(progress.order)
    rows_per_step, library = training.batch_size * training.accumulate, blas()
    vectors, budget = vectors_of(experiment), training.budget
    last_step = budget.steps if budget is not None else None
    with _ready_to_train(experiment) as interrupt:
        while not experiment.finished:
            if progress.position == 0:
                experiment.shuffle()
            first_step, rates = progress.step, experiment.learning_rates()  # of the epoch's steps to come
            moves = experiment.moves
            while progress.position < rows and experiment.moves == moves:
                if budget is not None and experiment.out_of_budget:
                    break
                started = time.perf_counter()
                if experiment.mark is None or experiment.mark.due < started:
                    keep_mark(experiment)
                report: Report | None = None
                # Until the next report, BLAS has the engine's number of threads, and Ctrl-C waits.
                interrupt.busy, threads_before = True, library.num_threads
                library.set_num_threads(engine.blas_threads)
                try:
                    with np.errstate(**IGNORE_OVERFLOW):
                        while report is None and progress.position < rows:
                            here = slice(progress.position, min(progress.position + rows_per_step, rows))
                            engine.step(here, progress.step, rates[progress.step - first_step])
                            progress.step += 1
                            progress.position = here.stop
                            if math.isnan(progress.start_loss):
                                note_start(experiment, here)
                            if progress.step % training.log_every == 0:
                                z, order = progress.outputs[here], progress.order[here]
                                loss = experiment.loss.value(z, split.t[order])
                                if not (  # a quick look, with few calls; a sum of squares finds every NaN
                                    isinstance(loss, (float, Real))
                                    and loss <= GROWTH * progress.start_loss
                                    and math.isfinite(loss + sum(map(np.dot, vectors, vectors)))
                                ):
                                    report = rolled_back_if_bad(experiment, loss)
                                if report is None:
                                    metrics: dict[str, float] = {}
                                    if experiment.metrics:
                                        metrics = experiment.metric_scores(z, split, order)
                                    experiment.sound = progress.step
                                    report = StepReport(progress.step, progress.epoch + 1, loss, metrics)
                            elif here.stop < rows and (
                                progress.step in (experiment.pause, last_step)
                                or time.perf_counter() - started > HEARTBEAT_SECONDS
                            ):
                                beat = Heartbeat(progress.step, progress.epoch + 1)
                                report = rolled_back_if_bad(experiment) or beat
                finally:
                    library.set_num_threads(threads_before)
                progress.seconds += time.perf_counter() - started
                interrupt.busy = False
                if interrupt.pending:
                    interrupt.deliver()
                if report is not None:
                    yield report
            if experiment.moves != moves:
                continue  # elsewhere, perhaps in another epoch
            if progress.position == rows:
                yield _end_of_epoch(experiment, interrupt)
            else:
                yield Heartbeat(progress.step, progress.epoch + 1, (stopped_early(experiment),))


def _end_of_epoch(experiment: Experiment, interrupt: Uninterrupted) -> Report:
    """The epoch's report, or that training went back because the epoch is bad."""
    try:
        return close_epoch(experiment, interrupt)
    except Diverged as found:
        interrupt.busy = True
        rollback = recover(experiment, found)
        interrupt.busy = False
        if interrupt.pending:
            interrupt.deliver()
        return rollback


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
