"""The training loop: mini-batch gradient descent as an iterator of reports."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from nnfs_cli.core.blas_threads import blas
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.epoch import IGNORE_OVERFLOW, close_epoch, divergence_error
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import Heartbeat, Report, StepReport

HEARTBEAT_SECONDS = 0.1
"""The longest time without a report, so that the caller can show progress, or stop."""


def train(experiment: Experiment) -> Generator[Report, None, None]:
    """Train from where `experiment.progress` stands to the last epoch.

    Yields a StepReport for each logged step, an EpochReport for each epoch, and a Heartbeat if neither came
    for a while, or after the step `experiment.pause`. At a report no step is half done: the caller may stop
    there, keep `experiment.state()`, and resume from it later. Ctrl-C waits for the end of the step; a second
    one does not.

    Raises DivergenceError when the loss is infinite or not a number.
    """
    progress, engine, training = experiment.progress, experiment.engine, experiment.config.training
    split, rows = experiment.data.splits["train"], len(progress.order)
    rows_per_step, library = training.batch_size * training.accumulate, blas()
    with _ready_to_train(experiment) as interrupt:
        while not experiment.finished:
            if progress.position == 0:
                experiment.shuffle()
            first_step, rates = progress.step, experiment.learning_rates()  # of the epoch's steps to come
            loads = experiment.loads
            while progress.position < rows and experiment.loads == loads:
                started = time.perf_counter()
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
                            if progress.step % training.log_every == 0:
                                z, order = progress.outputs[here], progress.order[here]
                                loss = experiment.loss.value(z, split.t[order])
                                if not (isinstance(loss, Real) and math.isfinite(loss)):
                                    raise divergence_error(experiment, loss)
                                metrics: dict[str, float] = {}
                                if experiment.metrics:
                                    metrics = experiment.metric_scores(z, split, order)
                                report = StepReport(progress.step, progress.epoch + 1, loss, metrics)
                            elif here.stop < rows and (
                                progress.step == experiment.pause
                                or time.perf_counter() - started > HEARTBEAT_SECONDS
                            ):
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
