"""One step of gradient descent, and answers: the plain engine."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.inference import infer, rows_of
from nnfs_cli.engine.network import Network, room_for_outputs
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.augmentation import Augmenter
from nnfs_cli.preprocessing.records import Data, Split


class PlainEngine:
    """Every step in one process, layer by layer, as the equations say. `Engine` tells what each name means.

    batch_size: rows that go through the network together.
    accumulate: at most so many batches make a step; their gradients are added up.
    augment_draws: what augmentation draws from; layers draw from the network's own.
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
        self.outputs = room_for_outputs(network, rows)
        self._batches: dict[int, Batch] = {}

    def __getstate__(self) -> dict[str, Any]:
        """A copy has no batches yet: they belong to the network's workspaces."""
        return {**vars(self), "_batches": {}}

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        batches = [rows] if rows.stop - rows.start <= self.batch_size else self._batches_of(rows)
        for i, here in enumerate(batches):
            batch = self._batches.get(here.stop - here.start) or self._new_batch(here.stop - here.start)
            for draws in (self.network.draws, self.augment_draws):
                if draws.was_used:
                    draws.begin(number * self.accumulate + i)
                draws.step = number * self.accumulate + i
            batch.fill(self.order[here])
            workspace = batch.workspace
            workspace.forward()
            self.outputs[here] = workspace.y
            self.loss.gradient(workspace.y, batch.t, workspace.dy)
            workspace.backward()
            if len(batches) > 1:
                self._add_up(here, rows)
        self.descent.step(number, learning_rate)

    def infer(self, split: Split) -> Array:
        z = room_for_outputs(self.network, len(split))
        pieces = list(slices(len(split), self.network.rows_at_a_time))
        infer(self.network, rows_of(split, self.data.inputs), pieces, z)
        return z

    def begin(self, number: int) -> None:
        for draws in (self.network.draws, self.augment_draws):
            draws.begin(number * self.accumulate)

    def end(self) -> None:
        return

    def _new_batch(self, n: int) -> Batch:
        """Brings n training rows at a time into the network's workspace, augmented if asked for."""
        options, augment = self.data.augment, None
        if options is not None and not options.is_identity:
            augment = Augmenter(options, n, self.data.input_shape, self.network.dtype, self.augment_draws)
        split = self.data.splits["train"]
        self._batches[n] = Batch(split, self.data.inputs, self.network.workspace(n), augment)
        return self._batches[n]

    def _batches_of(self, rows: slice) -> list[slice]:
        """The rows of a step in batches."""
        starts = range(rows.start, rows.stop, self.batch_size)
        return [slice(start, min(start + self.batch_size, rows.stop)) for start in starts]

    def _add_up(self, here: slice, rows: slice) -> None:
        """Add a batch's gradient, by the weight of its rows, to its step's: that is grad after the last."""
        grad, t = self.network.params.grad, self.data.splits["train"].t
        if here.start == rows.start:
            self._total = np.zeros_like(grad)
        share = self.loss.weight(t[self.order[here]]) / self.loss.weight(t[self.order[rows]])
        grad *= share
        self._total += grad
        if here.stop == rows.stop:
            grad[...] = self._total
