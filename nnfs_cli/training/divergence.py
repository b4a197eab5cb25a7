"""What counts as divergence: numbers that are not finite, and a loss far beyond its start."""

import math
from numbers import Real

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import number_from
from nnfs_cli.training.experiment import Experiment

GROWTH = 1e6
"""A loss beyond so many times its size at the start has diverged."""

SAMPLED = 10_000
"""Training rows whose loss is computed at outputs of zero."""


class Diverged(Exception):  # noqa: N818  it ends a stretch of steps, and `train` says what follows
    """Training diverged in the step just taken, in one shortly before it, or in validation.

    loss: that of the last batch, of the epoch, or of validation.
    in_validation: whether every training step was sound.
    """

    def __init__(self, loss: float, *, in_validation: bool = False) -> None:
        super().__init__(loss)
        self.loss, self.in_validation = loss, in_validation


def checked_loss(experiment: Experiment, here: slice) -> float:
    """The loss of the step that trained on these rows of the order. Raises Diverged after a bad step."""
    value = _loss(experiment, here)
    check_loss(experiment, value)
    check_arrays(experiment, value)
    return value


def note_start(experiment: Experiment, here: slice) -> None:
    """Note the size of the loss at the start, after the step that trained on these rows of the order."""
    value = _loss(experiment, here)
    if isinstance(value, Real) and math.isfinite(value):
        experiment.progress.start_loss = max(abs(value), loss_of_zeros(experiment))


def _loss(experiment: Experiment, here: slice) -> float:
    order = experiment.progress.order[here]
    return experiment.loss.value(experiment.progress.outputs[here], experiment.data.splits["train"].t[order])


def check_loss(experiment: Experiment, loss: float) -> None:
    """Raise Diverged if a training loss is not finite, or far beyond its start."""
    start = experiment.progress.start_loss
    if not math.isfinite(number_from(experiment.loss, "value", loss)) or 0 < GROWTH * start < loss:
        raise Diverged(loss)


def check_arrays(experiment: Experiment, loss: float = math.nan) -> None:
    """Raise Diverged if parameters, statistics or moving averages are not finite. `loss` is reported."""
    if not all(map(is_finite, vectors_of(experiment))):
        raise Diverged(loss)


def vectors_of(experiment: Experiment) -> list[Array]:
    """The parameters, their statistics and moving averages, if any; a training changes them in place."""
    params, average = experiment.network.params, experiment.descent.average
    return [x for x in (params.value, params.statistics, average) if x is not None and x.size]


def is_finite(vector: Array) -> bool:
    """Whether all numbers of a vector are finite. A sum of squares costs little, but may overflow."""
    return math.isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def loss_of_zeros(experiment: Experiment) -> float:
    """The size of the training rows' loss at outputs of zero; 0 if it is no number.

    With the first batch's loss it is the size of the loss at the start: a first batch may be tiny, or
    fitted from the beginning.
    """
    split = experiment.data.splits["train"]
    t = split.t[split.sampled(SAMPLED)]
    with np.errstate(all="ignore"):
        value = experiment.loss.value(
            np.zeros((len(t), *experiment.network.output_shape), experiment.network.dtype), t
        )
    return abs(float(value)) if math.isfinite(value) else 0.0
