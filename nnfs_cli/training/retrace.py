"""Going back in a training: a copy of its state, and the same steps again from there."""

import time
from collections import deque
from collections.abc import Iterator

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.training.divergence import Diverged, checked_loss
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.state import Mark

SECONDS, SHARE = 0.5, 0.01
"""A new mark is made when the last one is so old, and if copying takes less than this share of the time."""

MOST_STEPS, LAST_SECONDS = 32, 1.0
"""Of the steps before a bad one so many are told: no more, and none that were taken longer ago."""

LASTING = ("seconds", "start_loss", "rollbacks")
"""What of a training's progress stays when it goes back."""

BEST = ("best_value", "best_epoch", "best_params")
"""And what also stays when the same steps are taken again."""


def keep_mark(experiment: Experiment) -> None:
    """Make a new mark here, if the last one is old and the last step was found sound.

    Where it is follows from the clock, but nothing else does: the steps after it can be taken again exactly.
    A training that shall roll back has its mark at the last good epoch's end (`close_epoch`).
    """
    mark = experiment.mark
    if mark is None or (
        time.perf_counter() > mark.due
        and experiment.sound == experiment.progress.step
        and experiment.config.training.on_divergence == "stop"
    ):
        set_mark(experiment)


def set_mark(experiment: Experiment) -> Mark:
    """Make a new mark here, between two steps."""
    started = time.perf_counter()
    best = "progress/best_params"  # it is never written to
    own = experiment.own_state().items()
    state = {name: array if name == best else np.copy(array) for name, array in own}
    copied = time.perf_counter()
    experiment.mark = Mark(state, due=copied + max(SECONDS, (copied - started) / SHARE))
    experiment.sound = experiment.progress.step
    return experiment.mark


def go_back(experiment: Experiment, *kept: str) -> Mark:
    """Go back to the mark. What lasts stays as it is, and the parts of `progress` that `kept` names."""
    mark, progress = experiment.mark or set_mark(experiment), experiment.progress
    stays = {name: getattr(progress, name) for name in (*LASTING, *kept)}
    experiment.restore(mark.state)
    vars(progress).update(stays)
    experiment.engine.begin(progress.step)
    return mark


def return_to(experiment: Experiment, step: int) -> None:
    """Go back to the mark, and take the steps after it again, until so many steps are done."""
    for _ in steps_again(experiment, step):
        pass


def first_bad_step(experiment: Experiment) -> tuple[Diverged | None, list[Array]]:
    """Take the steps since the last check again, and look at each; what is found at the first bad one.

    Also the rows of each of the steps up to there that took the last second; of accumulated batches, those of
    the first. The experiment is then after the bad step, or where it was, if no step was bad.
    """
    progress, size = experiment.progress, experiment.config.training.batch_size
    steps: deque[tuple[float, Array]] = deque(maxlen=MOST_STEPS)
    found = None
    for here in steps_again(experiment, progress.step):
        steps.append((time.perf_counter(), progress.order[here][:size]))
        if progress.step > experiment.sound:
            try:
                checked_loss(experiment, here)
            except Diverged as error:
                found = error
                break
    end = time.perf_counter()
    return found, [rows for then, rows in steps if then > end - LAST_SECONDS]


def steps_again(experiment: Experiment, end: int) -> Iterator[slice]:
    """Take the steps from the mark to step `end`; each one's rows, as a slice of the order."""
    progress, values = experiment.progress, iter(go_back(experiment, *BEST).observed)
    _close_epoch(experiment, values)
    while progress.step < end:
        if progress.position == 0:
            experiment.shuffle()
        with limit_blas(experiment.engine.blas_threads):
            here = experiment.take_step(experiment.learning_rate(progress.step))
        yield here
        _close_epoch(experiment, values)


def _close_epoch(experiment: Experiment, values: Iterator[float]) -> None:
    """Close an epoch whose steps are done, if it was closed before: then the schedule was given a value."""
    if experiment.progress.position == len(experiment.progress.order):
        for value in values:
            experiment.close_epoch(value)
            return
