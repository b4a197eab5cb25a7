"""The learning rate falls in steps."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Le

from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """lr = base factor^floor(epoch / every)

    every: the number of epochs between two drops.
    factor: the factor by which a drop multiplies the rate.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    every: PositiveFloat = 30.0
    factor: Annotated[float, Gt(0), Le(1)] = 0.1
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = base * factor**floor(epoch / every)",)

    def rate(self, base: float, clock: Clock) -> float:
        # Without the tiny addend, the rounding of a fractional `every` may delay a drop by one step.
        drops = math.floor(clock.step / (self.every * clock.steps_per_epoch) + 1e-9)
        return float(base * self.factor**drops)
