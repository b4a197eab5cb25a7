"""The learning rate falls to an end along a power of the time that is left."""

from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("polynomial")
@dataclass(frozen=True)
class Polynomial(Schedule):
    """lr = end + (base - end) (1 - u)^power,   u from 0 to 1 over the training, step by step

    power: 1 for a straight line, more for a fall that slows down.
    end: the rate after the last step.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    power: float = 1.0
    end: float = 0.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            power=(self.power > 0, "a positive number"),
            end=(self.end >= 0, "a number of at least 0"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        return float(self.end + (base - self.end) * (1.0 - clock.share) ** self.power)
