"""The schedule's contract and registry."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry


class Clock(NamedTuple):
    """Where training stands when a step is about to be taken.

    step: how many steps were taken before.   steps_per_epoch: how many make an epoch.
    epochs: how many are planned.
    """

    step: int
    steps_per_epoch: int
    epochs: float

    @property
    def epoch(self) -> float:
        """How many epochs have passed, as a fraction."""
        return self.step / self.steps_per_epoch

    @property
    def steps(self) -> int:
        """How many steps are planned."""
        return round(self.epochs * self.steps_per_epoch)

    @property
    def share(self) -> float:
        """The share of the planned steps that were taken, from 0 to 1."""
        return min(self.step / self.steps, 1.0) if self.steps > 0 else 1.0


class Schedule(Component, ABC):
    """Gives each step its learning rate. Every schedule has an option `warmup`, in epochs.

    During warm-up the rate grows linearly, step by step, up to the optimizer's own; the schedule
    proper then runs on the epochs that are left, with a clock that starts from zero.

    Goyal et al., 2017, Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv:1706.02677
    (warm-up).
    """

    registry: ClassVar[Registry["Schedule"]]
    warmup: float

    def learning_rate(self, base: float, clock: Clock) -> float:
        """The rate of the next step, where `base` is the optimizer's learning_rate."""
        if not self.warmup:
            return self.rate(base, clock)
        warmup_steps = round(self.warmup * clock.steps_per_epoch)
        if clock.step < warmup_steps:
            return base * ((clock.step + 1) / warmup_steps)  # exactly base at last
        epochs_left = clock.epochs - warmup_steps / clock.steps_per_epoch
        return self.rate(base, Clock(clock.step - warmup_steps, clock.steps_per_epoch, epochs_left))

    @abstractmethod
    def rate(self, base: float, clock: Clock) -> float:
        """The rate of the next step, warm-up aside."""

    def start(self) -> None:
        """Forget what was observed: a training begins."""
        return

    def observe(self, value: float) -> None:
        """Take note of an epoch's monitored value, turned so that smaller is better."""
        return

    def state(self) -> dict[str, Array]:
        """What later rates depend on besides the clock, by name; the arrays themselves, to write into."""
        return {}


SCHEDULES: Registry[Schedule] = Registry("schedule", __package__)
Schedule.registry = SCHEDULES
