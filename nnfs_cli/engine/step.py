"""One step of gradient descent: the plain engine."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.inference import fill_from, infer
from nnfs_cli.engine.network import Network, zero_outputs
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.augmentation import Augmenter
from nnfs_cli.preprocessing.records import Data, Split


class PlainEngine:
    """Computes each step in one process, layer by layer. `Engine` explains its attributes and methods.

    batch_size: rows per batch.
    accumulate: batches per step. A step uses the mean of their gradients, as of one larger batch.
    augment_draws: the random numbers of augmentation; those of the layers are `network.draws`.
    """

    name = "plain"
    parts = workers = blas_threads = 1

    def __init__(
        self,
        network: Network,
        loss: Loss,
        data: Data,
        descent: Descent,
        *,
        batch_size: int,
        accumulate: int,
        augment_draws: Draws,
    ) -> None:
        self.network, self.loss, self.data, self.descent = network, loss, data, descent
        self.batch_size, self.accumulate, self.augment_draws = batch_size, accumulate, augment_draws
        rows = len(data.splits["train"])
        self.order: Array = np.empty(rows, np.intp)
        self.outputs = zero_outputs(network, rows)
        self._batches: dict[int, Batch] = {}

    def __getstate__(self) -> dict[str, Any]:
        """A copy has no batches yet: they belong to the network's workspaces."""
        return {**vars(self), "_batches": {}}

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        batches = [rows]
        if rows.stop - rows.start > self.batch_size:
            batches = list(slices(rows.stop, self.batch_size, rows.start))
        for i, here in enumerate(batches):
            batch = self._batches.get(here.stop - here.start) or self._new_batch(here.stop - here.start)
            self.network.draws.step = self.augment_draws.step = number * self.accumulate + i
            batch.fill(self.order[here])
            workspace = batch.workspace
            workspace.forward()
            self.outputs[here] = workspace.y
            self.loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
            if len(batches) > 1:
                self._add_gradient(here, rows)
        self.descent.step(number, learning_rate)

    def infer(self, split: Split) -> Array:
        z = zero_outputs(self.network, len(split))
        batches = slices(len(split), self.network.evaluation_batch_size)
        infer(self.network, fill_from(split, self.data.inputs), batches, z)
        return z

    def begin(self, number: int) -> None:
        for draws in (self.network.draws, self.augment_draws):
            draws.seek(number * self.accumulate)

    def end(self) -> None:
        return

    def _new_batch(self, n: int) -> Batch:
        """A batch of n training rows, which are augmented if the config says so."""
        options, augment = self.data.augment, None
        if options is not None and not options.is_identity:
            augment = Augmenter(options, n, self.data.input_shape, self.network.dtype, self.augment_draws)
        split = self.data.splits["train"]
        self._batches[n] = Batch(split, self.data.inputs, self.network.workspace(n), augment)
        return self._batches[n]

    def _add_gradient(self, here: slice, rows: slice) -> None:
        """Add the gradient of batch `here` to its step's sum, weighted by the batch's part of the loss.

        After the step's last batch, `grad` is that sum: the gradient of all `rows`.
        """
        grad, t = self.network.params.grad, self.data.splits["train"].t
        if here.start == rows.start:
            self._sum = np.zeros_like(grad)
        grad *= self.loss.weight(t[self.order[here]]) / self.loss.weight(t[self.order[rows]])
        self._sum += grad
        if here.stop == rows.stop:
            grad[...] = self._sum
