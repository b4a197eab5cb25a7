"""Descent: how a gradient becomes new parameters."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.core.params import FlatParams
from nnfs_cli.optimizers.base import Optimizer, vectors
from nnfs_cli.regularizers.base import Regularizer
from nnfs_cli.schedules.base import Clock, Schedule

FADED_EVERY = 64
"""Steps after which an optimizer's state is cleared of what has faded."""

FADED = 1e8
"""Times the smallest normal number: far below what any step can tell from zero."""


class Descent:
    """Regularize, clip, step at the scheduled rate, constrain, average: in this order.

    clip_value: no entry of the gradient is larger than this in size; 0 for no such bound.
    clip_norm: the whole gradient's Euclidean norm is at most this; 0 for no such bound.
    ema: the decay of an exponential moving average of the parameters; 0 for none.

    Pascanu, Mikolov and Bengio, 2013, On the difficulty of training recurrent neural networks,
    arXiv:1211.5063 (clipping by norm).
    """

    def __init__(
        self,
        params: FlatParams,
        optimizer: Optimizer,
        schedule: Schedule,
        regularizer: Regularizer | None,
        *,
        clip_norm: float,
        clip_value: float,
        ema: float,
    ) -> None:
        self.params, self.optimizer, self.schedule, self.regularizer = (
            params,
            optimizer,
            schedule,
            regularizer,
        )
        self.clip_norm, self.clip_value, self.ema = clip_norm, clip_value, ema
        self.average = params.value.copy() if ema else None
        self._scratch = np.empty_like(params.value)
        # Whether nothing but the rate comes between the gradient and the step.
        self._plain = optimizer.only_scales and regularizer is None and not clip_norm and not clip_value
        optimizer.build(params)
        schedule.start()

    def learning_rate(self, clock: Clock) -> float:
        """The rate of the step about to be taken."""
        return self.schedule.learning_rate(self.optimizer.learning_rate, clock)

    def scale(self, clock: Clock) -> float:
        """What to multiply the loss's gradient by before it goes backward, for the step about to be taken.

        1, or the learning rate, where nothing else is done with the gradient: see `only_scales`.
        """
        return self.learning_rate(clock) if self._plain else 1.0

    def step(self, clock: Clock) -> None:
        """Change params.value by params.grad, the gradient times `scale`, which is used up."""
        if self._plain:
            self.params.value -= self.params.grad
        else:
            self._regularized_step(clock)
        if self.average is not None:
            # A decay that starts small, as TensorFlow's, so that the average soon forgets the start.
            decay = min(self.ema, (1 + clock.step) / (10 + clock.step))
            np.subtract(self.params.value, self.average, out=self._scratch)
            self._scratch *= 1.0 - decay
            self.average += self._scratch

    def _regularized_step(self, clock: Clock) -> None:
        params = self.params
        if self.regularizer is not None:
            self.regularizer.add_gradient(params)
        clip(params.grad, self.clip_value, self.clip_norm)
        self.optimizer.step(params, self.learning_rate(clock))
        if clock.step % FADED_EVERY == FADED_EVERY - 1:
            self._clear_faded()
        if self.regularizer is not None:
            self.regularizer.constrain(params)

    def _clear_faded(self) -> None:
        """Set what the optimizer remembers to zero where it has all but died away.

        Where gradients stay zero, as for the pixels at a border, averages shrink to denormal numbers and
        stick there, since 0.9 times the smallest of them is rounded up. Processors are slow on those.
        """
        least = FADED * np.finfo(self.params.value.dtype).tiny
        for array in self.optimizer.state().values():
            if array.shape[-1:] == self._scratch.shape and array.dtype == self._scratch.dtype:
                for vector in vectors(array):
                    np.abs(vector, out=self._scratch)
                    np.greater_equal(self._scratch, least, out=self._scratch)
                    vector *= self._scratch

    def penalty(self) -> float:
        """What the regularizer adds to the loss."""
        return self.regularizer.penalty(self.params) if self.regularizer is not None else 0.0

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """While entered, the parameters are their moving average, where there is one; then Ctrl-C waits."""
        if self.average is None:
            yield
            return
        trained = self.params.value.copy()
        with Uninterrupted():
            try:
                self.params.value[...] = self.average
                yield
            finally:
                self.params.value[...] = trained

    def state(self) -> dict[str, Array]:
        """What later steps depend on besides the parameters, by name; the arrays themselves."""
        return {
            **{f"optimizer/{name}": array for name, array in self.optimizer.state().items()},
            **{f"schedule/{name}": array for name, array in self.schedule.state().items()},
            **({"average": self.average} if self.average is not None else {}),
        }


def clip(grad: Array, value: float, norm: float) -> None:
    """Bound a gradient in place, by entry and then by norm; 0 bounds nothing."""
    if value:
        np.clip(grad, -value, value, out=grad)
    if norm:
        length = float(np.sqrt(np.dot(grad, grad)))
        if length > norm:
            grad *= norm / length
