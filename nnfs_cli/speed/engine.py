"""The fast engine of one process: listed calls, fast products, and the learning rate where it is cheapest."""

from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.inference import rows_of
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.losses.base import Loss
from nnfs_cli.optimizers.adadelta import Adadelta
from nnfs_cli.optimizers.adam import Adam
from nnfs_cli.optimizers.adamax import Adamax
from nnfs_cli.optimizers.adamw import AdamW
from nnfs_cli.optimizers.amsgrad import AMSGrad
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.optimizers.nadam import NAdam
from nnfs_cli.optimizers.rmsprop import RMSprop
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.preprocessing.records import Split, Task
from nnfs_cli.speed.answering import Threads
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.plan import Wish, blas_threads_for

FADED_EVERY = 64
"""Steps after which an optimizer's state is cleared of what has faded."""

FADED = 1e8
"""Times the smallest normal number: far below what a step of FADES can tell from zero."""

FADES: tuple[type[Optimizer], ...] = (SGD, Adam, AdamW, AMSGrad, NAdam, Adamax, RMSprop, Adadelta)
"""Optimizers that gather averages and divide by none without an epsilon. Lion takes a sign, a user's may do
anything: to these, what has faded is not yet zero.
"""

FADED_BELOW_EPSILON = 1e-6
"""The root of what has faded is at most so much of an epsilon that it is added to."""


class FastDescent(Descent):
    """A descent whose gradient may hold the learning rate already. It shares everything with a plain one.

    folds_rate: whether a step is w <- w - lr g and nothing else. Then lr is multiplied to where
        backpropagation starts: to the few numbers of dy instead of to one for each parameter.
    """

    def __init__(self, plain: Descent) -> None:
        vars(self).update(vars(plain))
        self.folds_rate = _only_scales(plain)
        self._size = np.empty_like(plain.params.value)
        self._least = FADED * np.finfo(self._size.dtype).tiny
        self._fades = type(plain.optimizer) in FADES and (
            np.sqrt(self._least) <= FADED_BELOW_EPSILON * getattr(plain.optimizer, "epsilon", 1.0)
        )

    def step(self, number: int, learning_rate: float) -> None:
        if self.folds_rate:
            self.params.value -= self.params.grad
            if self.average is not None:
                self.update_average(number, self.average)
            return
        super().step(number, learning_rate)
        if self._fades and number % FADED_EVERY == FADED_EVERY - 1:
            self._clear_faded()

    def _clear_faded(self) -> None:
        """Set the optimizer's averages to zero where they have all but died away.

        Where gradients stay zero, as for the pixels at a border, averages shrink to denormal numbers and
        stick there, since 0.9 times the smallest of them is rounded up. Processors are slow on those.
        """
        for array in self.optimizer.state().values():
            if array.shape == self._size.shape and array.dtype == self._size.dtype:
                np.abs(array, out=self._size)
                np.greater_equal(self._size, self._least, out=self._size)
                array *= self._size


def _only_scales(descent: Descent) -> bool:
    """Whether a step is w <- w - lr g and nothing else."""
    sgd, bounded = descent.optimizer, descent.clip_norm or descent.clip_value
    plain = type(sgd) is SGD and not sgd.momentum and not sgd.weight_decay
    return plain and descent.regularizer is None and not bounded


class ScaledLoss(Loss):
    """A loss whose gradient is multiplied by `scale`."""

    tasks: ClassVar[tuple[Task, ...]] = ()

    def __init__(self, loss: Loss) -> None:
        self._loss, self.scale = loss, 1.0

    def value(self, z: Array, t: Array) -> float:
        return self._loss.value(z, t)

    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        self._loss.gradient(z, t, dz)
        if self.scale != 1.0:
            dz *= self.scale

    def weight(self, t: Array) -> float:
        return self._loss.weight(t)


class FastEngine(PlainEngine):
    """The steps of a plain engine, on its network's fast twin."""

    name = "fast"

    def __init__(self, plain: PlainEngine, wish: Wish) -> None:
        self._descent = FastDescent(plain.descent)
        self._loss = ScaledLoss(plain.loss)
        super().__init__(
            FastNetwork(plain.network),
            self._loss,
            plain.data,
            self._descent,
            batch_size=plain.batch_size,
            accumulate=plain.accumulate,
            augment_draws=plain.augment_draws,
        )
        self.blas_threads = blas_threads_for(self.network, min(self.batch_size, len(self.order)), wish)
        self._answer = Threads(self.network, wish)

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        if self._descent.folds_rate:
            self._loss.scale = learning_rate
        super().step(rows, number, learning_rate)

    def infer(self, split: Split) -> Array:
        pieces = list(slices(len(split), self.network.rows_at_a_time))
        return self._answer(rows_of(split, self.data.inputs), pieces, len(split))
