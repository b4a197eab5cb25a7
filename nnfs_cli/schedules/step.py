"""The learning rate falls in steps."""

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le

from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """lr = base factor^floor(epoch / every)

    every: epochs from one drop to the next.
    factor: what the rate is multiplied by at each drop.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    every: PositiveFloat = 30.0
    factor: Annotated[float, Gt(0), Le(1)] = 0.1
    warmup: NonNegativeFloat = 0.0

    def rate(self, base: float, clock: Clock) -> float:
        # The tiny share keeps the rounding of a fractional `every` from delaying a drop by one step.
        drops = math.floor(clock.step / (self.every * clock.steps_per_epoch) + 1e-9)
        return float(base * self.factor**drops)
