"""One training step taken apart: every array that it computes, while the experiment stays as it is."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.descent import clip
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer, names_of
from nnfs_cli.layers.chain import Chain
from nnfs_cli.layers.residual import Residual
from nnfs_cli.losses.base import Loss
from nnfs_cli.training.experiment import Experiment, descent_of


@dataclass(frozen=True, eq=False)
class StepTrace:
    """A step's arrays; those of parameters by name, `0_dense/W`.

    rows: (N,) the numbers of the rows that the batch is made of.   t: (N, ...) their targets.
    activations: the input of each layer and then the network's output, each (N, ...).
    gradients: the loss's gradient to each of the activations, of the same shapes.
    loss: of the data, before the step.   loss_after: of the same batch, after it.
    inside: of each layer that has sublayers, by its name, `2_residual`: the activations and the gradients
        inside it, as for the whole network.
    grads: the loss's gradient to each parameter, before regularizer and clipping.
    regularized: grads with the regularizer's gradient.   clipped: and then clipped, as the optimizer gets it.
    before, after: each parameter and statistic before and after the step.
    average: each parameter's moving average after the step; empty without `training.ema`.
    learning_rate: the step's, as the schedule gives it.
    """

    rows: Array
    t: Array
    activations: tuple[Array, ...]
    gradients: tuple[Array, ...]
    inside: Mapping[str, tuple[tuple[Array, ...], tuple[Array, ...]]]
    loss: float
    loss_after: float
    grads: Mapping[str, Array]
    regularized: Mapping[str, Array]
    clipped: Mapping[str, Array]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    average: Mapping[str, Array]
    learning_rate: float


class Tracer:
    """Takes steps of an experiment in a twin network, from where the experiment stands, without changing it.

    network, descent: the twin's, by the plain engine.
    dtype: the twin's; by default the experiment's. float64 shows what the equations give.
    """

    def __init__(self, experiment: Experiment, dtype: str | None = None) -> None:
        config = experiment.config
        self.experiment = experiment
        self.loss: Loss = copy.deepcopy(experiment.loss)
        self.network = Network(
            copy.deepcopy(config.layers), experiment.data.input_shape, dtype or config.dtype
        )
        self.network.use_draws(copy.deepcopy(experiment.network.draws))
        self.descent = descent_of(config, self.network.params)
        self._batches: dict[tuple[str, int], Batch] = {}

    def trace(self, rows: Array, split: str = "train") -> StepTrace:
        """The next step, if its batch were these rows (N,) of a split, without augmentation.

        The arrays are copies.
        """
        self.catch_up()
        params, descent = self.network.params, self.descent
        before = params.arrays()
        batch, loss_before = self.forward(rows, split)
        workspace = batch.workspace
        activations = copies(workspace.activations)
        with np.errstate(**IGNORE_OVERFLOW):
            self.loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
        gradients, inside = copies(workspace.gradients), dict(_inside(self.network, workspace))
        grads = params.views(params.grad.copy())
        step = self.experiment.progress.step
        rate = self.experiment.learning_rate(step)
        regularized, clipped = self._prepared()
        with np.errstate(**IGNORE_OVERFLOW):
            descent.step(step, rate)
        after = params.arrays()
        average = {} if descent.average is None else params.views(descent.average.copy())
        _, loss_after = self.forward(rows, split)
        return StepTrace(
            rows=rows,
            t=batch.t.copy(),
            activations=activations,
            gradients=gradients,
            inside=inside,
            loss=loss_before,
            loss_after=loss_after,
            grads=grads,
            regularized=regularized,
            clipped=clipped,
            before=before,
            after=after,
            average=average,
            learning_rate=rate,
        )

    def _prepared(self) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """The gradient with the regularizer's, and then clipped, as `Descent.step` does to it."""
        params, descent = self.network.params, self.descent
        grad = params.grad.copy()
        if descent.regularizer is not None:
            descent.regularizer.add_gradient(params)
        regularized = params.views(params.grad.copy())
        clip(params.grad, descent.clip_value, descent.clip_norm)
        clipped = params.views(params.grad.copy())
        params.grad[...] = grad
        return regularized, clipped

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


Arrays: TypeAlias = tuple[Array, ...]


def copies(arrays: Sequence[Array]) -> Arrays:
    """A copy of each array."""
    return tuple(array.copy() for array in arrays)


def _inside(network: Network, workspace: Workspace) -> Iterator[tuple[str, tuple[Arrays, Arrays]]]:
    """The activations and gradients inside each layer that is a chain of others, by the layer's name."""
    chains: list[tuple[str, Sequence[Layer], Chain]] = [("", network.layers, workspace)]
    while chains:
        prefix, layers, chain = chains.pop()
        for name, layer, x in zip(names_of(layers), layers, chain.activations, strict=False):
            if isinstance(layer, Residual):
                inner = layer.chain(x)
                yield f"{prefix}{name}", (copies(inner.activations), copies(inner.gradients))
                chains.append((f"{prefix}{name}/", layer.sublayers(), inner))
