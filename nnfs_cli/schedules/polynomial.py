"""The learning rate falls to an end value, by a power of the remaining part of the training."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("polynomial")
@dataclass(frozen=True)
class Polynomial(Schedule):
    """lr = end + (base - end) (1 - u)^power,   u from 0 to 1 over the training, step by step

    power: 1 for a straight line; above 1 the fall slows down towards the end.
    end: the rate after the last step.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    power: PositiveFloat = 1.0
    end: NonNegativeFloat = 0.0
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = end + (base - end) * (1 - u)**power",)

    def rate(self, base: float, clock: Clock) -> float:
        return float(self.end + (base - self.end) * (1.0 - clock.share) ** self.power)
