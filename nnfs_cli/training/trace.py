"""One training step taken apart: every array that it computes, while the experiment stays as it is."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.losses.base import Loss
from nnfs_cli.training.epoch import IGNORE_OVERFLOW
from nnfs_cli.training.experiment import Experiment


@dataclass(frozen=True, eq=False)
class StepTrace:
    """A step's arrays; those of parameters by name, `0_dense/W`.

    rows: (N,) the numbers of the rows that the batch is made of.   t: (N, ...) their targets.
    activations: the input of each layer and then the network's output, each (N, ...).
    gradients: the loss's gradient to each of the activations, of the same shapes.
    loss: of the data, before the step.   loss_after: of the same batch, after it.
    grads: the loss's gradient to each parameter, before regularizer and clipping.
    before, after: each parameter and statistic before and after the step.
    learning_rate: the step's, as the schedule gives it.
    """

    rows: Array
    t: Array
    activations: tuple[Array, ...]
    gradients: tuple[Array, ...]
    loss: float
    loss_after: float
    grads: Mapping[str, Array]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    learning_rate: float


class Tracer:
    """Takes steps of an experiment in a twin network, from where the experiment stands, without changing it.

    network, descent: the twin's, by the plain engine.
    dtype: the twin's; by default the experiment's. float64 shows what the equations give.
    """

    def __init__(self, experiment: Experiment, dtype: str | None = None) -> None:
        config, training = experiment.config, experiment.config.training
        self.experiment = experiment
        self.loss: Loss = copy.deepcopy(experiment.loss)
        self.network = Network(
            copy.deepcopy(config.layers), experiment.data.input_shape, dtype or config.dtype
        )
        self.network.use_draws(copy.deepcopy(experiment.network.draws))
        self.descent = Descent(
            self.network.params,
            copy.deepcopy(config.optimizer),
            copy.deepcopy(config.schedule),
            copy.deepcopy(config.regularizer),
            clip_norm=training.clip_norm,
            clip_value=training.clip_value,
            ema=training.ema,
        )
        self._batches: dict[tuple[str, int], Batch] = {}

    def trace(self, rows: Array, split: str = "train") -> StepTrace:
        """The next step, if its batch were these rows (N,) of a split, without augmentation.

        The arrays are copies.
        """
        self.catch_up()
        batch, loss_before = self.forward(rows, split)
        workspace, params = batch.workspace, self.network.params
        activations = tuple(x.copy() for x in workspace.activations)
        with np.errstate(**IGNORE_OVERFLOW):
            self.loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
        gradients = tuple(dx.copy() for dx in workspace.gradients)
        grads, before = {name: param.grad.copy() for name, param in params.named.items()}, params.arrays()
        step = self.experiment.progress.step
        rate = self.experiment.descent.learning_rate(self.experiment.clock(step))
        with np.errstate(**IGNORE_OVERFLOW):
            self.descent.step(step, rate)
        after = params.arrays()
        _, loss_after = self.forward(rows, split)
        return StepTrace(
            rows, batch.t.copy(), activations, gradients, loss_before, loss_after, grads, before, after, rate
        )

    def catch_up(self) -> None:
        """Give the twin the parameters, the statistics and the optimizer's state of the experiment."""
        ours, theirs = self.network.params, self.experiment.network.params
        ours.value[...], ours.statistics[...] = theirs.value, theirs.statistics
        state = self.experiment.descent.state()
        for name, array in self.descent.state().items():
            array[...] = state[name]

    def forward(self, rows: Array, split: str = "train") -> tuple[Batch, float]:
        """The rows in a batch, with the activations that the twin gives in training, and their loss."""
        key = (split, len(rows))
        if key not in self._batches:
            data = self.experiment.data
            workspace = Workspace(self.network, len(rows), to_input=True)
            self._batches[key] = Batch(data.splits[split], data.inputs, workspace)
        batch = self._batches[key]
        self.network.draws.seek(self.experiment.progress.step * self.experiment.config.training.accumulate)
        batch.fill(rows)
        with np.errstate(**IGNORE_OVERFLOW):
            batch.workspace.forward()
            return batch, float(self.loss.value(batch.workspace.y, batch.t))
