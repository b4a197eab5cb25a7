"""The learning rate falls by the same factor every epoch."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Le

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """lr = base gamma^floor(epoch)

    It is constant within an epoch, as with PyTorch's ExponentialLR stepped once per epoch.

    gamma: the factor by which the rate is multiplied after each epoch.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    gamma: Annotated[float, Gt(0), Le(1)] = 0.95
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = base * gamma**floor(epoch)",)

    def rate(self, base: float, clock: Clock) -> float:
        return float(base * self.gamma ** (clock.step // clock.steps_per_epoch))
