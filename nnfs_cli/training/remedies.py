"""What would help against a divergence here, from facts: sizes, and the same steps taken otherwise."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.training.divergence import loss_of_zeros
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.scaling import large_inputs, large_targets
from nnfs_cli.training.trace import Tracer

RATES = 0.1, 0.01, 0.001, 0.0001
"""Factors on the learning rate to try."""

CLIP_NORM = 1.0
"""A bound on the gradient's norm to try."""

LARGE_START = 100.0
"""A loss at the start of so many times that of outputs of zero is due to the initial weights."""


def sizes(experiment: Experiment) -> list[str]:
    """What numbers are too large from the start, and the option against each."""
    config, fitted = experiment.config, experiment.preparation
    raw = replace(experiment.data, inputs=fitted.inputs, targets=fitted.targets)
    found = [cause for cause in (large_inputs(config, raw), large_targets(raw)) if cause]
    start, zeros = experiment.progress.start_loss, loss_of_zeros(experiment)
    if not found and start > LARGE_START * zeros > 0.0:
        found.append(
            f"the loss began at {start:.3g}, but outputs of zero give {zeros:.3g}: the initial weights are "
            f"too large; try another `init`"
        )
    return found


@limit_blas(1)
def tried(experiment: Experiment, batches: Sequence[Array]) -> list[str]:
    """What the steps from here on, on these rows, become with smaller rates or clipping. The last goes bad.

    They are taken by the plain engine, without augmentation.
    """
    trial, config = _Trial(experiment, batches), experiment.config
    rate, said = config.optimizer.learning_rate * 0.5**experiment.progress.rollbacks, []
    before, _ = trial.losses(1.0)
    steps = len(batches)
    what = "the same step lowers" if steps == 1 else f"the same {steps} steps lower"
    for factor in RATES:
        _, after = trial.losses(factor)
        if after < before < math.inf:
            said.append(
                f"try a smaller optimizer.learning_rate: with {rate * factor:g} instead of {rate:g} {what} "
                f"the loss from {before:.3g} to {after:.3g}"
            )
            break
    else:
        said.append(f"try a smaller optimizer.learning_rate (it is {rate:g})")
    if not config.training.clip_norm and trial.norm > CLIP_NORM:
        norm = trial.norm
        _, after = trial.losses(1.0, CLIP_NORM)
        if after < before < math.inf:
            said.append(
                f"the gradient's norm reached {norm:.3g}: with `training.clip_norm: {CLIP_NORM:g}` {what} "
                f"the loss from {before:.3g} to {after:.3g}"
            )
    return said


class _Trial:
    """Steps from where an experiment stands, taken in a twin.

    norm: the largest finite norm of a gradient so far.
    """

    def __init__(self, experiment: Experiment, batches: Sequence[Array]) -> None:
        self._experiment, self._batches = experiment, batches
        self._tracer, self.norm = Tracer(experiment), 0.0

    def losses(self, factor: float, clip_norm: float = 0.0) -> tuple[float, float]:
        """The loss of the last batch before and after the steps."""
        tracer, step = self._tracer, self._experiment.progress.step
        tracer.descent.clip_norm = clip_norm or self._experiment.config.training.clip_norm
        tracer.catch_up()
        _, before = tracer.forward(self._batches[-1])
        tracer.catch_up()  # the forward pass moved statistics
        for i, rows in enumerate(self._batches):
            batch, _ = tracer.forward(rows)
            workspace, grad = batch.workspace, tracer.network.params.grad
            with np.errstate(**IGNORE_OVERFLOW):
                tracer.loss.gradient(workspace.y, batch.t, workspace.dy)
                workspace.backward()
                norm = math.sqrt(float(np.square(grad, dtype=np.float64).sum()))
                tracer.descent.step(step + i, factor * self._experiment.learning_rate(step + i))
            self.norm = max(self.norm, norm) if math.isfinite(norm) else self.norm
        _, after = tracer.forward(self._batches[-1])
        return before, after
