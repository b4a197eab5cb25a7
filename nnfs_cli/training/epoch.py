"""The end of an epoch: its scores, and its parameters if they are the best so far."""

import math
import time
from numbers import Real
from typing import Any

import numpy as np

from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.component import refuse_result
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import EpochReport

IGNORE_OVERFLOW: dict[str, Any] = {"over": "ignore", "invalid": "ignore"}
"""NumPy's warnings to ignore: where a network diverges, a DivergenceError explains it better."""


@limit_blas(1)  # BLAS may round a score otherwise with another number of threads
@np.errstate(**IGNORE_OVERFLOW)
def close_epoch(experiment: Experiment, interrupt: Uninterrupted) -> EpochReport:
    """Score the epoch, keep its parameters if they are the best so far, and count it as done."""
    progress, descent, started = experiment.progress, experiment.descent, time.perf_counter()
    t = experiment.data.splits["train"].t[progress.order]
    scores = experiment.scores(progress.outputs, t)
    if not math.isfinite(scores["loss"]):
        raise divergence_error(experiment, scores["loss"])
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
    interrupt.busy = True  # what follows must not stop half done; before, it can be repeated
    descent.schedule.observe(_sign(experiment) * value)
    progress.epoch += 1
    progress.position = 0
    if best_params is not None:
        progress.best_value, progress.best_epoch = value, progress.epoch
        progress.best_params = best_params
    interrupt.busy = False
    if interrupt.pending:
        interrupt.deliver()
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
    """Whether a monitored value is better than the best so far, by more than `min_delta`."""
    progress, sign = experiment.progress, _sign(experiment)
    min_delta = experiment.config.training.min_delta
    return not progress.best_epoch or sign * value < sign * progress.best_value - min_delta


def _sign(experiment: Experiment) -> float:
    """1 if smaller monitored values are better, -1 if larger ones are."""
    monitored = experiment.config.training.monitor.removeprefix("val_")
    return -1.0 if monitored != "loss" and experiment.metrics[monitored].maximize else 1.0


def divergence_error(experiment: Experiment, loss: float) -> DivergenceError:
    """The error for a loss that is infinite or not a number; NnfsError for one that is of another kind."""
    if not isinstance(loss, Real):
        refuse_result(experiment.loss, "value", "a number", loss)
    progress, rate = experiment.progress, experiment.config.optimizer.learning_rate
    return DivergenceError(
        f"training diverged: the loss was {loss} by step {progress.step}, epoch {progress.epoch + 1}; "
        f"try a smaller optimizer.learning_rate (it is {rate:g})"
    )
