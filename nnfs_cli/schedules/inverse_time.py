"""The learning rate falls with the inverse of time."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("inverse_time")
@dataclass(frozen=True)
class InverseTime(Schedule):
    """lr = base / (1 + decay epoch),   epoch with its fraction, step by step

    decay: how fast the rate falls; it is base / 2 after 1 / decay epochs.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    decay: NonNegativeFloat = 0.1
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = base / (1 + decay * epoch)",)

    def rate(self, base: float, clock: Clock) -> float:
        return base / (1.0 + self.decay * clock.epoch)
