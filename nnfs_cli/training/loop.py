"""The training loop: mini-batch gradient descent as an iterator of reports."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnfs_cli.core.blas_threads import blas
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Heartbeat, Report, StepReport

HEARTBEAT_SECONDS = 0.1
"""A report comes at least so often, so that who listens can show progress, or stop."""

QUIET: dict[str, Any] = {"over": "ignore", "invalid": "ignore"}
"""A diverging network overflows. `_require_finite` tells its user so, better than NumPy's warnings."""


def train(experiment: Experiment) -> Generator[Report, None, None]:
    """Train to the last epoch, from wherever `experiment.progress` stands.

    A report comes after each step that is to be logged, after each epoch, and every now and then. It comes
    between two steps, where `experiment.state()` is whole: who listens may stop there and resume later.
    Ctrl-C waits for the end of the step, so the state is whole then, too; a second Ctrl-C does not wait.

    Raises DivergenceError when a loss is no longer finite.
    """
    progress, engine, training = experiment.progress, experiment.engine, experiment.config.training
    t, rows = experiment.data.splits["train"].t, len(progress.order)
    rows_per_step, library = training.batch_size * training.accumulate, blas()
    with _ready_to_train(experiment) as interrupt:
        while not experiment.finished:
            if progress.position == 0:
                experiment.shuffle()
            first, rates = progress.step, experiment.learning_rates()
            while progress.position < rows:
                started = time.perf_counter()
                report: Report | None = None
                interrupt.busy, threads_before = True, library.num_threads
                library.set_num_threads(engine.blas_threads)
                try:
                    with np.errstate(**QUIET):
                        while report is None and progress.position < rows:
                            here = slice(progress.position, min(progress.position + rows_per_step, rows))
                            engine.step(here, progress.step, rates[progress.step - first])
                            progress.step += 1
                            progress.position = here.stop
                            if progress.step % training.log_every == 0:
                                z, targets = progress.outputs[here], t[progress.order[here]]
                                loss = experiment.loss.value(z, targets)
                                if not math.isfinite(loss):
                                    raise _diverged(experiment, loss)
                                metrics = experiment.metric_scores(z, targets) if experiment.metrics else {}
                                report = StepReport(progress.step, progress.epoch + 1, loss, metrics)
                            elif time.perf_counter() - started > HEARTBEAT_SECONDS and here.stop < rows:
                                report = Heartbeat(progress.step, progress.epoch + 1)
                finally:
                    library.set_num_threads(threads_before)
                progress.seconds += time.perf_counter() - started
                interrupt.busy = False
                if interrupt.came:
                    interrupt.release()
                if report is not None:
                    yield report
            yield _close_epoch(experiment, interrupt)


@contextmanager
def _ready_to_train(experiment: Experiment) -> Iterator[Uninterrupted]:
    """While entered, the engine is ready for steps, and Ctrl-C waits whenever `busy` is set."""
    experiment.engine.begin(experiment.progress.step)
    try:
        with Uninterrupted() as interrupt:
            interrupt.busy = False
            yield interrupt
    finally:
        experiment.engine.end()


@np.errstate(**QUIET)
def _close_epoch(experiment: Experiment, interrupt: Uninterrupted) -> EpochReport:
    """Score the epoch, keep its parameters if they are the best, and get ready for the next."""
    progress, descent, started = experiment.progress, experiment.descent, time.perf_counter()
    t = experiment.data.splits["train"].t[progress.order]
    scores = experiment.scores(progress.outputs, t)
    if not math.isfinite(scores["loss"]):
        raise _diverged(experiment, scores["loss"])
    if experiment.config.regularizer is not None:
        scores["penalty"] = descent.penalty()
    rate = descent.learning_rate(experiment.clock(progress.step - 1))
    validation, value, best_params = {}, scores["loss"], None
    if "validation" in experiment.data.splits:
        with descent.averaged():
            validation = dict(evaluate(experiment, "validation").scores)
            value = validation[experiment.config.training.monitor.removeprefix("val_")]
            if _is_best(experiment, value):
                best_params = experiment.network.params.snapshot()
    interrupt.busy = True  # an epoch closes whole, or is closed anew
    descent.schedule.observe(_sign(experiment) * value)
    progress.epoch += 1
    progress.position = 0
    if best_params is not None:
        progress.best_value, progress.best_epoch = value, progress.epoch
        progress.best_params = best_params
    interrupt.busy = False
    if interrupt.came:
        interrupt.release()
    progress.seconds += time.perf_counter() - started
    return EpochReport(
        epoch=progress.epoch,
        step=progress.step,
        seconds=progress.seconds,
        learning_rate=rate,
        train=scores,
        validation=validation,
        is_best=best_params is not None,
    )


def _is_best(experiment: Experiment, value: float) -> bool:
    """Whether a monitored value is the best so far."""
    progress, sign = experiment.progress, _sign(experiment)
    least = experiment.config.training.min_delta
    return not progress.best_epoch or sign * value < sign * progress.best_value - least


def _sign(experiment: Experiment) -> float:
    """1 where the monitored value is the better the smaller it is, else -1."""
    monitored = experiment.config.training.monitor.removeprefix("val_")
    return -1.0 if monitored != "loss" and experiment.metrics[monitored].maximize else 1.0


def _diverged(experiment: Experiment, loss: float) -> DivergenceError:
    progress, rate = experiment.progress, experiment.config.optimizer.learning_rate
    return DivergenceError(
        f"training diverged: the loss was {loss} by step {progress.step}, epoch {progress.epoch + 1}; "
        f"try a smaller optimizer.learning_rate (it is {rate:g})"
    )
