"""Passes through a network over rows of the data, forward and backward, alone or shared among processes."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import Statistic
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.inference import Bring, choose_team, infer, infer_together, pieces_of
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.chain import every_layer
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.augmentation import Augmenter
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.speed.crew import Crew
from nnfs_cli.training.parts import adds_up


class Passes:
    """What training and evaluation ask of a network: the loss's gradient, and outputs.

    The rows of each batch of a network of images may be shared out among processes. Each of them brings
    in its own rows and goes forward and backward on them as one would with a whole batch; the gradients
    are added up in the end, in a fixed order, and sums over the batch on the way, so that a run repeats
    bit for bit with the same number of processes.

    processes: how many, if the network's layers and the loss allow it.
    augment_rng: what augmentation draws from.
    order: (N,) the running epoch's training rows, for the trainer to fill.
    outputs: (N, M) what the network gave for them, if `keeps_outputs`.
    """

    keeps_outputs = True

    def __init__(
        self, network: Network, loss: Loss, data: Data, processes: int, augment_rng: np.random.Generator
    ) -> None:
        self.network, self.loss, self.data = network, loss, data
        self.augment_rng = augment_rng
        shared = processes > 1 and may_be_shared(network) and adds_up(loss, network, data)
        size = processes if shared else 1
        self.crew = Crew(size, {"gradient": self._part_of_gradient, "outputs": self._part_of_outputs})
        rows = len(data.splits["train"])
        self.order = self.crew.empty((rows,), np.intp)
        self.outputs = room_for_outputs(self.crew, network, rows)
        self._batches: dict[int, Batch] = {}
        self._scale = self.crew.empty((1,), np.float64)
        if self.crew.size > 1:
            self._share_memory()

    def gradient(self, rows: slice, scale: float = 1.0) -> None:
        """Forward and backward over `order[rows]`: `scale` times their loss's gradient, into params.grad."""
        n = rows.stop - rows.start
        if n < self.crew.size or self.crew.size == 1:
            self._gradient(rows, scale)
            return
        self._scale[0] = scale
        self.crew.run("gradient", rows.start, rows.stop, int(self.network.rng.integers(2**63)))
        for grad in self._grads:
            self.network.params.grad += grad

    def answers(self, split: Split, threads: int | Literal["auto"] = "auto") -> Array:
        """The network's outputs (N, M) for all rows of a split, as evaluation computes them.

        threads: how many may compute them where processes do not; by a rule, if left to it.
        """
        splits = list(self.data.splits.values())
        if self.crew.size > 1 and split in splits:
            where = splits.index(split)
            self.crew.run("outputs", where)
            return self._answers[where].copy(order="K")
        z = room_for_outputs(None, self.network, len(split))
        pieces = pieces_of(len(split), self.network.rows_at_a_time)
        team = self.network.team(choose_team(self.network, pieces, threads))
        infer_together(team, self._rows_of(split), pieces, z)
        return z

    def training_batch(self, n: int) -> Batch:
        """Brings n training rows at a time into the network's workspace, augmented if so wished."""
        if n not in self._batches:
            options, augment = self.data.augment, None
            if options is not None and not options.is_identity:
                shape, dtype = self.data.input_shape, self.network.dtype
                augment = Augmenter(options, n, shape, dtype, self.augment_rng)
            split, workspace = self.data.splits["train"], self.network.workspace(n)
            self._batches[n] = Batch(split, self.data.inputs, workspace, augment)
        return self._batches[n]

    def _gradient(self, rows: slice, scale: float) -> None:
        """`gradient` in one process."""
        batch = self.training_batch(rows.stop - rows.start)
        workspace = batch.workspace
        batch.fill(self.order[rows])
        workspace.forward()
        if self.keeps_outputs:
            self.outputs[rows] = workspace.y
        dy = workspace.dy
        self.loss.gradient(workspace.y, batch.t, dy)
        if scale != 1.0:
            dy *= scale
        workspace.backward()

    def _part_of_gradient(self, who: int, start: int, stop: int, seed: int) -> None:
        """A process's part of `gradient`. `seed` is for what helpers draw at random."""
        if who:
            rng = np.random.default_rng([seed, who])
            self.network.use_rng(rng)
            for batch in self._batches.values():
                batch.use_rng(rng)
            self.augment_rng = rng
            self._see_as_helper(who)
        mine = part(who, self.crew.size, start, stop)
        t = self.data.splits["train"].t
        whole = self.loss.weight(t[self.order[start:stop]])
        self._gradient(mine, float(self._scale[0]) * self.loss.weight(t[self.order[mine]]) / whole)

    def _part_of_outputs(self, who: int, where: int) -> None:
        """A process's part of `answers`: of the pieces that one process would take, every second for two."""
        if who:
            self._see_as_helper(who)
        split = list(self.data.splits.values())[where]
        mine = pieces_of(len(split), self.network.rows_at_a_time)[who :: self.crew.size]
        infer(self.network, self._rows_of(split), mine, self._answers[where])

    def _rows_of(self, split: Split) -> Bring:
        """What brings rows of a split into a workspace, as they are: nothing is augmented in evaluation."""

        def bring(workspace: Workspace) -> Callable[[slice], None]:
            batch = Batch(split, self.data.inputs, workspace)
            return lambda piece: batch.fill(split.rows[piece])

        return bring

    def _share_memory(self) -> None:
        """Move what all processes must see into memory that they have in common."""
        params, crew = self.network.params, self.crew
        self.network.move_params(
            value=crew.empty(params.value.shape, params.value.dtype),
            statistics=crew.empty(params.statistics.shape, params.statistics.dtype),
        )
        self._statistics = params.statistics
        self._grads = crew.empty((crew.size - 1, *params.grad.shape), params.grad.dtype)
        self._answers = [
            room_for_outputs(crew, self.network, len(split)) for split in self.data.splits.values()
        ]
        for layer in every_layer(self.network.layers):
            if layer.sums_over_batch:
                room = sum(param.size for param in layer.params().values())
                meeting = crew.meeting(crew.size * room, self.network.dtype)
                layer.whole_batch = meeting.total  # type: ignore[method-assign]  # of this one layer

    def _see_as_helper(self, who: int) -> None:
        """As a helper, have a gradient of one's own, and statistics that start from the leader's."""
        params = self.network.params
        if params.statistics is self._statistics:
            statistics = np.empty_like(self._statistics)
            self.network.move_params(grad=self._grads[who - 1], statistics=statistics)
            self._batches.clear()
        params.statistics[...] = self._statistics


def may_be_shared(network: Network) -> bool:
    """Whether processes may share out the rows of a batch, and gain by it.

    Not where layers mix rows, or gather statistics, otherwise than by sums. Networks without images gain
    more by BLAS's threads.
    """
    layers = every_layer(network.layers)
    apart = all(layer.sums_over_batch or not (layer.mixes_rows or _gathers(layer)) for layer in layers)
    return apart and network.has_images


def _gathers(layer: Layer) -> bool:
    """Whether a layer, apart from those it is made of, has statistics."""
    return any(isinstance(value, Statistic) for value in vars(layer).values())


def room_for_outputs(crew: Crew | None, network: Network, n: int) -> Array:
    """An array (n, M) with the rows innermost: scores over a row's few outputs run faster on it."""
    shape = (*network.output_shape, n)
    return (crew.empty(shape, network.dtype) if crew else np.empty(shape, network.dtype)).T


def part(who: int, size: int, start: int, stop: int) -> slice:
    """What is whose of start to stop, shared out among `size`."""
    n = stop - start
    return slice(start + n * who // size, start + n * (who + 1) // size)
