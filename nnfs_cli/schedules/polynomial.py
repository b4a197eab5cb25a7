"""The learning rate falls to an end along a power of the time that is left."""

from dataclasses import dataclass

from nnfs_cli.core.ranges import NonNegativeFloat, PositiveFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("polynomial")
@dataclass(frozen=True)
class Polynomial(Schedule):
    """lr = end + (base - end) (1 - u)^power,   u from 0 to 1 over the training, step by step

    power: 1 for a straight line, more for a fall that slows down.
    end: the rate after the last step.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    power: PositiveFloat = 1.0
    end: NonNegativeFloat = 0.0
    warmup: NonNegativeFloat = 0.0

    def rate(self, base: float, clock: Clock) -> float:
        return float(self.end + (base - self.end) * (1.0 - clock.share) ** self.power)
