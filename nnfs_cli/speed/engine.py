"""The fast engine of one process: fast layers, and the learning rate applied where it costs least."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.inference import fill_from
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.optimizers.adadelta import Adadelta
from nnfs_cli.optimizers.adam import Adam
from nnfs_cli.optimizers.adamax import Adamax
from nnfs_cli.optimizers.adamw import AdamW
from nnfs_cli.optimizers.amsgrad import AMSGrad
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.optimizers.nadam import NAdam
from nnfs_cli.optimizers.rmsprop import RMSprop
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.inference import ThreadInference
from nnfs_cli.speed.plan import IntOrAuto, workers_for
from nnfs_cli.speed.step import ListedBatch
from nnfs_cli.speed.threads import Threads

CLEAR_EVERY = 64
"""Steps between two clearings of an optimizer's tiny averages."""

TINY = 1e8
"""Times the smallest normal number: averages below this change no step of AVERAGING."""

AVERAGING: tuple[type[Optimizer], ...] = (SGD, Adam, AdamW, AMSGrad, NAdam, Adamax, RMSprop, Adadelta)
"""Optimizers that keep averages and divide by none without an epsilon. Lion takes a sign, and a user's own
may do anything with a tiny number.
"""

TINY_TO_EPSILON = 1e-6
"""The largest root of a tiny average, as a share of the epsilon that it is added to."""


class FastDescent(Descent):
    """A descent that takes plain SGD steps with less work. It shares all state with the plain descent.

    folds_rate: whether a step is w <- w - lr g and nothing else. Then the engine multiplies dy by lr before
        backpropagation, so that g contains lr: dy has far fewer numbers than g.
    """

    def __init__(self, plain: Descent) -> None:
        vars(self).update(vars(plain))
        self.folds_rate = _only_scales(plain)
        self._mask = np.empty_like(plain.params.value)
        self._least = TINY * np.finfo(self._mask.dtype).tiny
        self._clears = type(plain.optimizer) in AVERAGING and (
            np.sqrt(self._least) <= TINY_TO_EPSILON * getattr(plain.optimizer, "epsilon", 1.0)
        )

    def step(self, number: int, learning_rate: float) -> None:
        if self.folds_rate:
            value = self.params.value
            np.subtract(value, self.params.grad, value)
            if self.average is not None:
                self.update_average(number, self.average)
            return
        super().step(number, learning_rate)
        if self._clears and number % CLEAR_EVERY == CLEAR_EVERY - 1:
            self._clear_tiny()

    def _clear_tiny(self) -> None:
        """Set tiny entries of the optimizer's averages to zero.

        If a gradient stays zero, as for pixels at an image's border, its average shrinks to a denormal number
        and stays there, since 0.9 times the smallest of these rounds up to it. Denormal numbers are slow.
        """
        for array in self.optimizer.state().values():
            if array.shape == self._mask.shape and array.dtype == self._mask.dtype:
                np.abs(array, out=self._mask)
                np.greater_equal(self._mask, self._least, out=self._mask)
                array *= self._mask


def _only_scales(descent: Descent) -> bool:
    """Whether a step is w <- w - lr g and nothing else."""
    sgd, clips = descent.optimizer, descent.clip_norm or descent.clip_value
    plain = type(sgd) is SGD and not sgd.momentum and not sgd.weight_decay
    return plain and descent.regularizer is None and not clips


class FastEngine(PlainEngine):
    """A plain engine on the fast form of the network. Both networks share parameters and gradients.

    threads: the option `training.threads`.
    parts: the number of parts that large products are cut into.
    """

    name = "fast"

    def __init__(self, plain: PlainEngine, threads: IntOrAuto, parts: int = 1) -> None:
        self.parts = parts
        self._threads = Threads(workers_for(parts, threads), parts)
        self._descent = FastDescent(plain.descent)
        super().__init__(
            FastNetwork(plain.network, threads=self._threads),
            plain.loss,
            plain.data,
            self._descent,
            batch_size=plain.batch_size,
            accumulate=plain.accumulate,
            augment_draws=plain.augment_draws,
        )
        self._listed: dict[int, ListedBatch] = {}
        # Evaluation computes whole products, several batches at a time.
        whole = self.network if parts == 1 else FastNetwork(plain.network)
        self._inference = ThreadInference(whole, threads)

    @property
    def workers(self) -> int:  # type: ignore[override]  # a plain engine's number is fixed
        return self._threads.size

    def use_workers(self, count: int) -> None:
        """Let this number of threads compute further steps; at most one per part."""
        self._threads.size = min(count, self.parts)

    def end(self) -> None:
        self._threads.end()

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        scale = learning_rate if self._descent.folds_rate else 1.0
        batches = [rows]
        if rows.stop - rows.start > self.batch_size:
            batches = list(slices(rows.stop, self.batch_size, rows.start))
        for i, here in enumerate(batches):
            listed = self._listed.get(here.stop - here.start) or self._list(here.stop - here.start)
            self.network.draws.step = self.augment_draws.step = number * self.accumulate + i
            listed.compute(self.order[here], scale)
            self.outputs[here] = listed.y
            if len(batches) > 1:
                self._add_gradient(here, rows)
        self._descent.step(number, learning_rate)

    def __getstate__(self) -> dict[str, Any]:
        """A copy lists its calls anew, for its own arrays."""
        return {**super().__getstate__(), "_listed": {}}

    def infer(self, split: Split) -> Array:
        batches = list(slices(len(split), self.network.evaluation_batch_size))
        return self._inference(fill_from(split, self.data.inputs), batches, len(split))

    def _list(self, n: int) -> ListedBatch:
        """The listed calls for batches of n rows."""
        self._listed[n] = ListedBatch(self._new_batch(n), self.loss)
        return self._listed[n]
