"""The same learning rate throughout."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """lr = base,   the optimizer's learning_rate

    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    warmup: NonNegativeFloat = 0.0
    ignores_clock: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = ("lr = base",)

    def rate(self, base: float, clock: Clock) -> float:
        return base
