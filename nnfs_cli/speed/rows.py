"""The fast engine for batches of images: their rows are cut into parts, which worker processes compute."""

import copy
from collections.abc import Sequence
from threading import Thread

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.inference import infer, rows_of
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
"""Rows of a part, at least. Layers draw in the order of memory, and one row alone has either order: the whole
batch may have the other.
"""


class RowsEngine(PlainEngine):
    """Each batch is cut into parts; their gradients are added up in a fixed order.

    A worker goes forward and backward on the rows of its parts as a plain engine does on a whole batch.
    Sums over the batch, which batch normalization needs on the way, are all-reduced. How many workers
    there are changes no bit of the result: one may stand in for two at any time.
    """

    name = "fast"

    def __init__(self, plain: PlainEngine, parts: int, workers: int) -> None:
        _share(plain.network)
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
        self._answers = [_shared_outputs(self.network, len(split)) for split in self.data.splits.values()]
        self._rate = shared((1,), np.float64)
        self._grads = shared((parts - 1, *self.network.params.grad.shape), self.network.dtype)
        self._parts = [Part(plain, self, number) for number in range(parts)]
        self._all_reduces = self._connect()
        tasks: dict[str, Task] = {"gradient": self._gradient, "outputs": self._outputs}
        self._workers = Workers(workers, tasks, self._on_start)

    @property
    def workers(self) -> int:  # type: ignore[override]  # a plain engine has one for good
        return self._workers.size

    def use_workers(self, count: int) -> None:
        """Let another number of processes compute the steps to come."""
        self._workers.resize(min(count, self.parts))

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        self._rate[0] = learning_rate if self._descent.folds_rate else 1.0
        batches = [rows] if rows.stop - rows.start <= self.batch_size else self._batches_of(rows)
        for i, here in enumerate(batches):
            place = here.start, here.stop, number * self.accumulate + i
            if here.stop - here.start < FEWEST_ROWS * self.parts:
                self._parts[0].alone(*place)
            else:
                self._workers.run("gradient", *place)
                for grad in self._grads:
                    self.network.params.grad += grad
            if len(batches) > 1:
                self._add_up(here, rows)
        self._descent.step(number, learning_rate)

    def infer(self, split: Split) -> Array:
        splits = list(self.data.splits.values())
        if split not in splits:
            return self._parts[0].infer(split)
        # All cores are soon wanted by others than the workers, so these leave theirs.
        self._workers.run("outputs", where := splits.index(split), more_soon=False)
        return self._answers[where].copy(order="K")

    def begin(self, number: int) -> None:
        self._workers.end()

    def end(self) -> None:
        self._workers.end()

    def _gradient(self, who: int, workers: int, start: int, stop: int, number: int) -> None:
        """A worker's share of a batch's gradient: one part, or several in as many threads.

        They need threads, since they wait for each other in the middle.
        """
        errors: list[BaseException] = []

        def compute(part: Part) -> None:
            try:
                with np.errstate(all="ignore"):
                    part.compute(start, stop, number)
            except BaseException as error:
                errors.append(error)
                self._workers.is_broken = True

        first, *others = self._parts[who::workers]
        threads = [Thread(target=compute, args=(part,), name="nnfs part") for part in others]
        if not threads:
            first.compute(start, stop, number)
            return
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

    def _outputs(self, who: int, workers: int, where: int) -> None:
        """A worker's share of the outputs for a split: of the pieces every second, where there are two."""
        split, network = list(self.data.splits.values())[where], self._parts[who].network
        pieces = list(slices(len(split), network.rows_at_a_time))[who::workers]
        infer(network, rows_of(split, self.data.inputs), pieces, self._answers[where])

    def _connect(self) -> list[AllReduce]:
        """Let the batch normalizations of all parts add up their sums: an all-reduce for each layer."""
        layers = [_batch_norms(part.network) for part in self._parts]
        connected = []
        for same in zip(*layers, strict=True):
            room = 2 * same[0].gamma.size + 1
            group = AllReduce(self.parts, room, self.network.dtype, self._wait)
            for part, layer, member in zip(self._parts, same, group.members, strict=True):
                layer.total, layer.gathers = member.total, part.number == 0
                part.members.append(member)
            connected.append(group)
        return connected

    def _on_start(self) -> None:
        """Before workers begin, all parts get ready to wait for each other."""
        for group in self._all_reduces:
            group.open()
            for member in group.members:
                member.looks = self._workers.size == self.parts

    def _wait(self, arrival: Semaphore, seconds: float) -> bool:
        return self._workers.wait_for(arrival, seconds)


class Part(PlainEngine):
    """A part of each batch: a plain engine whose network is the whole one in fast forms.

    members: its places in the all-reduces of its batch normalizations.
    """

    def __init__(self, plain: PlainEngine, whole: RowsEngine, number: int) -> None:
        network = FastNetwork(plain.network, own_grad=True)
        grad = whole._grads[number - 1] if number else plain.network.params.grad
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
        self.number, self.parts, self._rate = number, whole.parts, whole._rate
        self.order, self.outputs = whole.order, whole.outputs
        self.members: list[Member] = []

    def compute(self, start: int, stop: int, number: int) -> None:
        """Forward and backward over this part of a batch, the rows from start to stop of the order."""
        n = stop - start
        mine = slice(start + n * self.number // self.parts, start + n * (self.number + 1) // self.parts)
        self._compute(slice(start, stop), mine, number)

    def alone(self, start: int, stop: int, number: int) -> None:
        """The same over the whole batch, without the other parts."""
        for member in self.members:
            member.is_alone = True
        try:
            self._compute(slice(start, stop), slice(start, stop), number)
        finally:
            for member in self.members:
                member.is_alone = False

    def _compute(self, whole: slice, mine: slice, number: int) -> None:
        n, t = mine.stop - mine.start, self.data.splits["train"].t
        for draws in (self.network.draws, self.augment_draws):
            draws.begin(number, mine.start - whole.start, whole.stop - whole.start)
        batch = self._batches.get(n) or self._new_batch(n)
        batch.fill(self.order[mine])
        workspace = batch.workspace
        workspace.forward()
        self.outputs[mine] = workspace.y
        self.loss.gradient(workspace.y, batch.t, workspace.dy)
        share = self.loss.weight(t[self.order[mine]]) / self.loss.weight(t[self.order[whole]])
        workspace.dy[...] *= float(self._rate[0]) * share
        workspace.backward()


def _share(network: Network) -> None:
    """Move parameters and statistics into memory that worker processes have in common."""
    params = network.params
    params.move(
        value=shared(params.value.shape, params.value.dtype),
        statistics=shared(params.statistics.shape, params.statistics.dtype),
    )


def _shared_outputs(network: Network, n: int) -> Array:
    """As `room_for_outputs`, for all worker processes to see."""
    return shared((*network.output_shape, n), network.dtype).T


def _batch_norms(network: Network) -> Sequence[FastBatchNorm]:
    return [layer for layer in every_layer(network.layers) if isinstance(layer, FastBatchNorm)]
