"""The end of an epoch: its scores, and its parameters if they are the best so far."""

import math
import time

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.training.divergence import Diverged, check_arrays, check_loss
from nnfs_cli.training.evaluation import split_scores
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.learning import learning_notes
from nnfs_cli.training.reports import EpochReport
from nnfs_cli.training.retrace import set_mark


@limit_blas(1)  # BLAS may round a score otherwise with another number of threads
@np.errstate(**IGNORE_OVERFLOW)
def close_epoch(experiment: Experiment, interrupt: Uninterrupted) -> EpochReport:
    """Score the epoch, keep its parameters if they are the best so far, and count it as done."""
    progress, descent, started = experiment.progress, experiment.descent, time.perf_counter()
    scores = experiment.scores(progress.outputs, experiment.data.splits["train"], progress.order)
    check_loss(experiment, scores["loss"])
    if experiment.sound < progress.step:  # else nothing changed since they were checked
        check_arrays(experiment, scores["loss"])
    if experiment.config.regularizer is not None:
        scores["penalty"] = descent.penalty()
    rate = experiment.learning_rate(progress.step - 1)
    validation, value, best_params = {}, scores["loss"], None
    if "validation" in experiment.data.splits:
        with descent.averaged():
            validation = split_scores(experiment, "validation")
            if not math.isfinite(validation["loss"]):
                raise Diverged(validation["loss"], in_validation=True)
            value = validation[experiment.config.training.monitor.removeprefix("val_")]
            if _is_best(experiment, value):
                best_params = experiment.network.params.snapshot()
    notes = learning_notes(experiment) if _is_looked_at(experiment, progress.epoch + 1) else []
    interrupt.busy = True  # what follows must not stop half done; before, it can be repeated
    experiment.close_epoch(signed := _sign(experiment) * value)
    if experiment.mark is not None:
        experiment.mark.observed.append(signed)
    experiment.sound = progress.step
    if best_params is not None:
        progress.best_value, progress.best_epoch = value, progress.epoch
        progress.best_params = best_params
    if experiment.config.training.on_divergence == "rollback" and scores["loss"] <= progress.start_loss:
        set_mark(experiment)  # a good epoch is no worse than the start
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
        notes=_notes(experiment, [*notes, *_without_best(experiment)]),
    )


def _notes(experiment: Experiment, notes: list[str]) -> tuple[str, ...]:
    """The epoch's notes that were not said before; the last one says why training stops early."""
    if experiment.finished and experiment.progress.epoch < experiment.config.training.epochs:
        notes = [*notes, stopped_early(experiment)]
    new = tuple(note for note in notes if note not in experiment.said)
    experiment.said.update(new)
    return new


def _is_looked_at(experiment: Experiment, epoch: int) -> bool:
    """Whether it is epoch 1, 2, 4, 8, ... or the last: often enough for checks that take a step's time."""
    return epoch & (epoch - 1) == 0 or epoch == experiment.config.training.epochs


STOPPED = ("stopped after step ", "stopped at epoch ")
"""How sentences begin that say where a training ended; they hold no more once it goes on."""


def stopped_early(experiment: Experiment) -> str:
    """The sentence about a training whose budget is used up, or whose patience ran out."""
    progress, training = experiment.progress, experiment.config.training
    if training.budget is not None and experiment.out_of_budget:
        epoch = progress.epoch + (progress.position > 0)
        where = f"stopped after step {progress.step:,}, in epoch {epoch:,}"
        if training.budget.steps is not None and progress.step >= training.budget.steps:
            return f"{where} (training.budget.steps: {training.budget.steps:,})"
        return (
            f"{where}, after {progress.seconds:.1f} s (training.budget.seconds: "
            f"{training.budget.seconds:g}); which step that is depends on the machine"
        )
    best = progress.best_epoch
    since = f"{training.monitor} {f'no better since epoch {best}' if best else 'never a finite number'}"
    return f"stopped at epoch {progress.epoch}: {since} (training.patience: {training.patience})"


def _without_best(experiment: Experiment) -> tuple[str, ...]:
    """What is said after the first epoch and after the last, if no epoch is the best yet."""
    progress, monitor = experiment.progress, experiment.config.training.monitor
    if progress.best_epoch or "validation" not in experiment.data.splits:
        return ()
    if experiment.finished:
        return (
            f"{monitor} was never a finite number, so no epoch is the best; the last one's weights are kept",
        )
    if progress.epoch == 1:
        return (f"{monitor} is not a finite number in epoch 1, so that epoch is not the best",)
    return ()


def _is_best(experiment: Experiment, value: float) -> bool:
    """Whether a monitored value is a number, and better than the best so far by more than `min_delta`."""
    if not math.isfinite(value):
        return False
    progress, sign = experiment.progress, _sign(experiment)
    min_delta = experiment.config.training.min_delta
    no_best = not math.isfinite(progress.best_value)
    return no_best or sign * value < sign * progress.best_value - min_delta


def _sign(experiment: Experiment) -> float:
    """1 if smaller monitored values are better, -1 if larger ones are."""
    monitored = experiment.config.training.monitor.removeprefix("val_")
    return -1.0 if monitored != "loss" and experiment.metrics[monitored].maximize else 1.0
