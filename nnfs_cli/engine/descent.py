"""Descent: what a step does with the gradient to change the parameters."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.core.params import FlatParams
from nnfs_cli.optimizers.base import Optimizer
from nnfs_cli.regularizers.base import Regularizer
from nnfs_cli.schedules.base import Clock, Schedule


class Descent:
    """Add the regularizer's gradient, clip, take the optimizer's step, constrain, average: in this order.

    clip_value: the bound of each entry's absolute value in the gradient; 0 for no bound.
    clip_norm: the bound of the whole gradient's Euclidean norm; 0 for no bound.
    ema: the decay of the parameters' exponential moving average; 0 for no average.
    average: that moving average (P,), or None.

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
        self.params, self.optimizer, self.schedule = params, optimizer, schedule
        self.regularizer = regularizer
        self.clip_norm, self.clip_value, self.ema = clip_norm, clip_value, ema
        self.average = params.value.copy() if ema else None
        self._change = np.empty_like(params.value) if ema else None
        optimizer.build(params)
        schedule.start()
        if regularizer is not None:
            regularizer.check(params)

    def learning_rate(self, clock: Clock) -> float:
        """The learning rate that the schedule gives to the next step."""
        return self.schedule.learning_rate(self.optimizer.learning_rate, clock)

    def step(self, number: int, learning_rate: float) -> None:
        """Change params.value by params.grad, whose content is lost. `number` counts the steps before."""
        if self.regularizer is not None:
            self.regularizer.add_gradient(self.params)
        if self.clip_value or self.clip_norm:
            clip(self.params.grad, self.clip_value, self.clip_norm)
        self.optimizer.step(self.params, learning_rate)
        if self.regularizer is not None:
            self.regularizer.constrain(self.params)
        if self.average is not None:
            self.update_average(number, self.average)

    def update_average(self, number: int, average: Array) -> None:
        """Update the moving average of the parameters.

        As in TensorFlow, the decay is smaller in the first steps, so that the first weights count little.
        """
        decay = min(self.ema, (1 + number) / (10 + number))
        change = np.subtract(self.params.value, average, out=self._change)
        change *= 1.0 - decay
        average += change

    def penalty(self) -> float:
        """The regularizer's penalty, which is reported beside the loss."""
        return self.regularizer.penalty(self.params) if self.regularizer is not None else 0.0

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """In the `with` block the parameters are their moving average, if there is one, and Ctrl-C waits."""
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
        """The optimizer's and schedule's state and the moving average, by name: the arrays, not copies."""
        return {
            **{f"optimizer/{name}": array for name, array in self.optimizer.state().items()},
            **{f"schedule/{name}": array for name, array in self.schedule.state().items()},
            **({"average": self.average} if self.average is not None else {}),
        }


def clip(grad: Array, value: float, norm: float) -> None:
    """Clip a gradient in place: each entry to +-value, then the whole to a norm; 0 for no bound."""
    if value:
        np.clip(grad, -value, value, out=grad)
    if norm:
        found = float(np.sqrt(np.dot(grad, grad)))
        if found > norm:
            grad *= norm / found
