"""The learning rate falls in steps."""

import math
from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """lr = base factor^floor(epoch / every)

    every: epochs from one drop to the next.
    factor: what the rate is multiplied by there.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    every: float = 30.0
    factor: float = 0.1
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            every=(self.every > 0, "a positive number of epochs"),
            factor=(0 < self.factor <= 1, "above 0 and at most 1"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        # The tiny share keeps the rounding of a fractional `every` from delaying a drop by one step.
        drops = math.floor(clock.step / (self.every * clock.steps_per_epoch) + 1e-9)
        return float(base * self.factor**drops)
