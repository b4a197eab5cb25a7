"""The fast engine for images (data parallelism): workers compute parts of each batch's rows."""

import copy
from collections.abc import Sequence
from threading import Thread

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.inference import fill_from, infer
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.layers.base import every_layer
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.speed.all_reduce import AllReduce, Member
from nnfs_cli.speed.batch_norm import FastBatchNorm
from nnfs_cli.speed.engine import FastDescent
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.workers import LostError, Semaphore, Task, Workers, shared

FEWEST_ROWS = 2
"""The fewest rows per part. Layers draw random numbers in memory order. That of a single row is ambiguous:
it may not be the order of the whole batch.
"""


class RowsEngine(PlainEngine):
    """Cuts each batch into parts, computes their gradients, and adds these up in a fixed order.

    A worker runs forward and backward on the rows of its parts, as a plain engine does on a whole batch.
    Batch normalization gets its sums over the batch by all-reduce. The number of workers changes no bit of
    the result, and may change between two steps.
    """

    name = "fast"

    def __init__(self, plain: PlainEngine, parts: int, workers: int) -> None:
        _move_to_shared_memory(plain.network)
        self._descent = FastDescent(plain.descent)
        super().__init__(
            plain.network,
            plain.loss,
            plain.data,
            self._descent,
            batch_size=plain.batch_size,
            accumulate=plain.accumulate,
            augment_draws=plain.augment_draws,
        )
        self.parts = parts
        self.order = shared(self.order.shape, self.order.dtype)
        self.outputs = _shared_outputs(self.network, len(self.order))
        self._split_outputs = [
            _shared_outputs(self.network, len(split)) for split in self.data.splits.values()
        ]
        self._rate = shared((1,), np.float64)
        self._grads = shared((parts - 1, *self.network.params.grad.shape), self.network.dtype)
        self._parts = [PartEngine(plain, self, part) for part in range(parts)]
        self._all_reduces = self._connect()
        tasks: dict[str, Task] = {"gradient": self._compute_gradient, "outputs": self._compute_outputs}
        self._workers = Workers(workers, tasks, self._on_start)

    @property
    def workers(self) -> int:  # type: ignore[override]  # a plain engine's number is fixed
        return self._workers.size

    def use_workers(self, count: int) -> None:
        """Let this number of processes compute further steps; at most one per part."""
        self._workers.resize(min(count, self.parts))

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        self._rate[0] = learning_rate if self._descent.folds_rate else 1.0
        batches = list(slices(rows.stop, self.batch_size, rows.start))
        for i, here in enumerate(batches):
            arguments = here.start, here.stop, number * self.accumulate + i
            if here.stop - here.start < FEWEST_ROWS * self.parts:
                self._parts[0].compute_whole(*arguments)
            else:
                self._workers.run("gradient", *arguments)
                for grad in self._grads:
                    self.network.params.grad += grad
            if len(batches) > 1:
                self._add_gradient(here, rows)
        self._descent.step(number, learning_rate)

    def infer(self, split: Split) -> Array:
        splits = list(self.data.splits.values())
        if split not in splits:
            return self._parts[0].infer(split)
        # Next this process scores the outputs. Meanwhile the workers sleep, so that their cores are free.
        self._workers.run("outputs", index := splits.index(split), more_soon=False)
        return self._split_outputs[index].copy(order="K")

    def begin(self, number: int) -> None:
        self._workers.end()

    def end(self) -> None:
        self._workers.end()

    def _compute_gradient(self, rank: int, size: int, start: int, stop: int, number: int) -> None:
        """The task of a worker in a step: compute its part of the batch, or several parts.

        These need threads if they wait for each other in all-reduces.
        """
        own, errors = self._parts[rank::size], list[BaseException]()
        for member in (member for part in own for member in part.members):
            member.begin(spins=size == self.parts)
        if len(own) == 1 or not self._all_reduces:
            for part in own:
                part.compute(start, stop, number)
            return

        def compute(part: PartEngine) -> None:
            try:
                with np.errstate(all="ignore"):
                    part.compute(start, stop, number)
            except BaseException as error:
                errors.append(error)
                self._workers.is_broken = True

        first, *others = own
        threads = [Thread(target=compute, args=(part,), name="nnfs part") for part in others]
        try:
            for thread in threads:
                thread.start()
            compute(first)
            for thread in threads:
                thread.join()
        except BaseException:
            self._workers.is_broken = True
            for thread in threads:
                if thread.ident is not None:  # else it was never started
                    thread.join()  # or it would write into the arrays of a later step
            raise
        if errors:
            raise next((error for error in errors if not isinstance(error, LostError)), errors[0])

    def _compute_outputs(self, rank: int, size: int, index: int) -> None:
        """The task of a worker in evaluation: every `size`-th batch of a split, starting from its rank."""
        split, network = list(self.data.splits.values())[index], self._parts[rank].network
        batches = list(slices(len(split), network.evaluation_batch_size))[rank::size]
        infer(network, fill_from(split, self.data.inputs), batches, self._split_outputs[index])

    def _connect(self) -> list[AllReduce]:
        """Give each batch normalization an all-reduce over the same layer of all parts."""
        layers = [_batch_norms(part.network) for part in self._parts]
        connected = []
        for same in zip(*layers, strict=True):
            capacity = 2 * same[0].gamma.size + 1
            group = AllReduce(self.parts, capacity, self.network.dtype, self._wait)
            for part, layer, member in zip(self._parts, same, group.members, strict=True):
                layer.all_reduce, layer.updates_averages = member.sum, part.part == 0
                part.members.append(member)
            connected.append(group)
        return connected

    def _on_start(self) -> None:
        """Prepare the all-reduces. Workers call it before they start."""
        for group in self._all_reduces:
            group.open()

    def _wait(self, arrival: Semaphore, seconds: float) -> bool:
        return self._workers.wait_for(arrival, seconds)


class PartEngine(PlainEngine):
    """Computes one part of each batch, on a fast form of the network with a gradient of its own.

    part: the number of this part.
    members: its sides of the all-reduces of its batch normalizations.
    """

    def __init__(self, plain: PlainEngine, whole: RowsEngine, part: int) -> None:
        network = FastNetwork(plain.network, own_grad=True)
        grad = whole._grads[part - 1] if part else plain.network.params.grad
        network.params.move(grad=grad)
        network.use_draws(copy.deepcopy(plain.network.draws))
        super().__init__(
            network,
            plain.loss,
            plain.data,
            plain.descent,
            batch_size=plain.batch_size,
            accumulate=plain.accumulate,
            augment_draws=copy.deepcopy(plain.augment_draws),
        )
        self.part, self.parts, self._rate = part, whole.parts, whole._rate
        self.order, self.outputs = whole.order, whole.outputs
        self.members: list[Member] = []

    def compute(self, start: int, stop: int, number: int) -> None:
        """Forward and backward over this part of a batch, which is the rows start to stop of `order`."""
        n = stop - start
        own = slice(start + n * self.part // self.parts, start + n * (self.part + 1) // self.parts)
        self._compute(slice(start, stop), own, number)

    def compute_whole(self, start: int, stop: int, number: int) -> None:
        """Forward and backward over the whole batch, without the other parts."""
        for member in self.members:
            member.is_alone = True
        try:
            self._compute(slice(start, stop), slice(start, stop), number)
        finally:
            for member in self.members:
                member.is_alone = False

    def _compute(self, whole: slice, own: slice, number: int) -> None:
        n, t = own.stop - own.start, self.data.splits["train"].t
        for draws in (self.network.draws, self.augment_draws):
            draws.seek(number, own.start - whole.start, whole.stop - whole.start)
        batch = self._batches.get(n) or self._new_batch(n)
        batch.fill(self.order[own])
        workspace = batch.workspace
        workspace.forward()
        self.outputs[own] = workspace.y
        self.loss.gradient(workspace.y, batch.t, workspace.dy)
        weight = self.loss.weight(t[self.order[own]]) / self.loss.weight(t[self.order[whole]])
        workspace.dy[...] *= float(self._rate[0]) * weight
        workspace.backward()


def _move_to_shared_memory(network: Network) -> None:
    """Move parameters and statistics to memory that worker processes share."""
    params = network.params
    params.move(
        value=shared(params.value.shape, params.value.dtype),
        statistics=shared(params.statistics.shape, params.statistics.dtype),
    )


def _shared_outputs(network: Network, n: int) -> Array:
    """As `zero_outputs`, in memory that worker processes share."""
    return shared((*network.output_shape, n), network.dtype).T


def _batch_norms(network: Network) -> Sequence[FastBatchNorm]:
    return [layer for layer in every_layer(network.layers) if isinstance(layer, FastBatchNorm)]
