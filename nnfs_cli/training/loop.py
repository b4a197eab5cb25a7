"""The training loop: mini-batch gradient descent as an iterator of reports."""

import math
import time
from collections.abc import Generator, Iterator

import numpy as np

from nnfs_cli.core.blas_threads import use_threads
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.schedules.base import Clock
from nnfs_cli.speed.by_features import Shares
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport, Heartbeat, Report, StepReport

HEARTBEAT_SECONDS = 0.1


_quiet = np.errstate(over="ignore", invalid="ignore")
"""A diverging network overflows; `_require_finite` tells its user, better than NumPy's warnings."""


def train(experiment: Experiment) -> Generator[Report, None, None]:
    """Train to the last epoch, from wherever `experiment.progress` stands.

    Every report comes between two steps, where `experiment.state()` is whole: whoever listens may
    stop there and go on later. It is whole, too, after a Ctrl-C that came in between, which waits for
    the step's end; a second one does not. Raises DivergenceError when a loss is no longer finite.
    """
    progress, shares = experiment.progress, experiment.shares
    try:
        with use_threads(experiment.threads, experiment.network, by_features=shares is not None) as threads:
            while not experiment.finished:
                if progress.position == 0:
                    experiment.shuffle()
                yield from _run_epoch(experiment, threads)
                threads.again()
                yield _close_epoch(experiment)
    finally:
        if shares is not None:
            shares.rest()


def _run_epoch(experiment: Experiment, threads: use_threads) -> Iterator[Report]:
    """All steps that are left of the running epoch."""
    progress, log_every = experiment.progress, experiment.config.training.log_every
    rows = len(progress.order)
    while progress.position < rows:
        started = time.perf_counter()
        threads.again()  # between two reports other trainings may have taken theirs
        with Uninterrupted():  # else `progress` might not tell how far the parameters came
            here = _steps(experiment, started + HEARTBEAT_SECONDS)
        logged = progress.step % log_every == 0
        report = _step_report(experiment, here) if logged else None
        progress.seconds += time.perf_counter() - started
        if report is not None:
            yield report
        elif progress.position < rows:
            yield Heartbeat(progress.step, progress.epoch + 1)


@_quiet
def _steps(experiment: Experiment, until: float) -> slice:
    """Steps up to one to be logged, the epoch's end, or a time; returns the rows of the last."""
    progress, config = experiment.progress, experiment.config.training
    rows, rows_per_step = len(progress.order), config.batch_size * config.accumulate
    shares, steps, clock = experiment.shares, experiment.steps, experiment.clock
    while True:
        if shares is None:
            here = slice(progress.position, min(progress.position + rows_per_step, rows))
            steps.take(here, Clock(progress.step, clock.steps_per_epoch, clock.epochs))
            progress.step += 1
            progress.position = here.stop
        else:
            here = _shared_steps(experiment, shares, until)
        if here.stop == rows or progress.step % config.log_every == 0 or time.perf_counter() > until:
            return here


def _shared_steps(experiment: Experiment, shares: Shares, until: float) -> slice:
    """As many of them as the time is for, by several processes; returns the rows of the last."""
    progress, config = experiment.progress, experiment.config.training
    rows, rows_per_step = len(progress.order), config.batch_size * config.accumulate
    to_log = config.log_every - progress.step % config.log_every
    to_end = math.ceil((rows - progress.position) / rows_per_step)
    count = min(to_log, to_end, shares.steps_in(until - time.perf_counter()))
    shares.take(progress.position, count, experiment.clock)
    start = progress.position + (count - 1) * rows_per_step
    progress.step += count
    progress.position = min(start + rows_per_step, rows)
    return slice(start, progress.position)


@_quiet
def _step_report(experiment: Experiment, here: slice) -> StepReport:
    """The scores of the batch that was just trained on, from its outputs before the update."""
    progress = experiment.progress
    t = experiment.data.splits["train"].t[progress.order[here]]
    scores = experiment.scores(progress.outputs[here], t)
    value = scores.pop("loss")
    _require_finite(value, experiment)
    return StepReport(progress.step, progress.epoch + 1, value, scores)


@_quiet
def _close_epoch(experiment: Experiment) -> EpochReport:
    """Score the epoch, keep its parameters if they are the best, and get ready for the next."""
    progress, started = experiment.progress, time.perf_counter()
    descent = experiment.steps.descent  # whose schedule needs nothing of what sharing processes know
    t = experiment.data.splits["train"].t[progress.order]
    scores = experiment.scores(progress.outputs, t)
    _require_finite(scores["loss"], experiment)
    if experiment.config.regularizer is not None:
        scores["penalty"] = experiment.descent.penalty()
    _, steps_per_epoch, epochs = experiment.clock
    rate = descent.learning_rate(Clock(progress.step - 1, steps_per_epoch, epochs))
    validation, value, best_params = {}, scores["loss"], None
    if "validation" in experiment.data.splits:
        with experiment.descent.averaged():
            validation = dict(evaluate(experiment, "validation").scores)
            value = validation[experiment.config.training.monitor.removeprefix("val_")]
            if _is_best(experiment, value):
                best_params = experiment.network.params.snapshot()
    with Uninterrupted():  # an epoch closes whole, or is closed anew
        descent.schedule.observe(_sign(experiment) * value)
        progress.epoch += 1
        progress.position = 0
        if best_params is not None:
            progress.best_value, progress.best_epoch = value, progress.epoch
            progress.best_params = best_params
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


def _require_finite(loss: float, experiment: Experiment) -> None:
    if not math.isfinite(loss):
        progress, rate = experiment.progress, experiment.config.optimizer.learning_rate
        raise DivergenceError(
            f"training diverged: the loss was {loss} by step {progress.step}, epoch {progress.epoch + 1}; "
            f"try a smaller optimizer.learning_rate (it is {rate:g})"
        )
