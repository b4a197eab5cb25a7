"""The learning rate falls by the same factor every epoch."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """lr = base gamma^floor(epoch)

    Within an epoch it stays the same, as with PyTorch's ExponentialLR stepped once an epoch.

    gamma: what the rate is multiplied by after each epoch.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    gamma: Annotated[float, Gt(0), Le(1)] = 0.95
    warmup: NonNegativeFloat = 0.0

    def rate(self, base: float, clock: Clock) -> float:
        return float(base * self.gamma ** (clock.step // clock.steps_per_epoch))
