"""Steps of gradient descent: gradients of batches, put together if need be, and what they change."""

import copy

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.step import Passes
from nnfs_cli.schedules.base import Clock


class Steps:
    """Takes the steps that a config describes with a network, or with the share of one that a process has.

    descent: what changes that network's parameters.
    """

    def __init__(self, passes: Passes, config: ExperimentConfig) -> None:
        training = config.training
        self.passes, self._batch_size = passes, training.batch_size
        self.descent = Descent(
            passes.network.params,
            copy.deepcopy(config.optimizer),
            copy.deepcopy(config.schedule),
            copy.deepcopy(config.regularizer),
            clip_norm=training.clip_norm,
            clip_value=training.clip_value,
            ema=training.ema,
        )

    def take(self, rows: slice, clock: Clock) -> None:
        """One step on these rows of the epoch's order."""
        scale = self.descent.scale(clock)
        if rows.stop - rows.start <= self._batch_size:
            self.passes.gradient(rows, scale)
        else:
            self._accumulate_gradient(rows, scale)
        self.descent.step(clock)

    def _accumulate_gradient(self, rows: slice, scale: float) -> None:
        """The same gradient, put together from batches, each weighted as its rows count."""
        passes = self.passes
        grad, order, loss = passes.network.params.grad, passes.order, passes.loss
        t, total = passes.data.splits["train"].t, np.zeros_like(grad)
        whole = loss.weight(t[order[rows]])
        for start in range(rows.start, rows.stop, self._batch_size):
            part = slice(start, min(start + self._batch_size, rows.stop))
            passes.gradient(part, scale)
            grad *= loss.weight(t[order[part]]) / whole
            total += grad
        grad[...] = total
