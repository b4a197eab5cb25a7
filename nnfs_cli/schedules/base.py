"""The base class and registry of schedules."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry, number_from
from nnfs_cli.core.formula import Formula, stated


class Clock(NamedTuple):
    """How far training is before a step.

    step: the number of steps taken.
    steps_per_epoch: the number of steps in an epoch.
    epochs: the number of planned epochs.
    """

    step: int
    steps_per_epoch: int
    epochs: float

    @property
    def epoch(self) -> float:
        """The number of epochs trained, with its fraction."""
        return self.step / self.steps_per_epoch

    @property
    def steps(self) -> int:
        """The number of planned steps."""
        return round(self.epochs * self.steps_per_epoch)

    @property
    def share(self) -> float:
        """The part of the planned steps that was taken, from 0 to 1."""
        return min(self.step / self.steps, 1.0) if self.steps > 0 else 1.0


class Schedule(Component, ABC):
    """Gives each step its learning rate. Every schedule has an option `warmup`, in epochs.

    During warm-up the rate grows linearly, step by step, to the optimizer's learning_rate. After it, `rate`
    gives the rates of the remaining epochs, with a clock that starts at zero.

    Goyal et al., 2017, Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv:1706.02677
    (warm-up).

    ignores_clock: whether `rate` is the same at each step of an epoch. A subclass does not inherit it, but
        says so itself.
    """

    registry: ClassVar[Registry["Schedule"]]
    ignores_clock: ClassVar[bool] = False
    warmup: float

    def learning_rate(self, base: float, clock: Clock) -> float:
        """The learning rate of the next step; `base` is the optimizer's learning_rate."""
        warmup_steps = round(self.warmup * clock.steps_per_epoch)
        if clock.step < warmup_steps:
            return base * ((clock.step + 1) / warmup_steps)  # exactly base in the last step
        if warmup_steps:
            epochs_left = clock.epochs - warmup_steps / clock.steps_per_epoch
            clock = Clock(clock.step - warmup_steps, clock.steps_per_epoch, epochs_left)
        return number_from(self, "rate", self.rate(base, clock))

    def is_steady(self, clock: Clock) -> bool:
        """Whether the learning rate stays the same from here to the end of the epoch."""
        ignores_clock = vars(type(self)).get("ignores_clock", False)
        return bool(ignores_clock) and clock.step >= round(self.warmup * clock.steps_per_epoch)

    @abstractmethod
    def rate(self, base: float, clock: Clock) -> float:
        """The learning rate of the next step, without warm-up."""

    def equations(self) -> tuple[Formula, ...]:
        numbers = dict.fromkeys(("base", "epoch", "u", "start", "end"), 0.0)
        return stated(self.formulas, {**numbers, **self.options()})

    def formula_values(self, base: float, clock: Clock) -> dict[str, Any]:
        """Values of names in formulas, after warm-up: options, base, epoch, and u, the part that passed."""
        return {**self.options(), "base": base, "epoch": clock.epoch, "u": clock.share}

    def start(self) -> None:
        """Reset the state. Called when training begins."""
        return

    def observe(self, value: float) -> None:
        """Called at the end of each epoch with its monitored value, negated if larger is better."""
        return

    def state(self) -> dict[str, Array]:
        """The arrays that later rates depend on, by name: no copies, so that they can be loaded into."""
        return {}


SCHEDULES: Registry[Schedule] = Registry("schedule", __package__)
Schedule.registry = SCHEDULES
