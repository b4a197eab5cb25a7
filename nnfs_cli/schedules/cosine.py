"""The learning rate falls along half a cosine, once or in several cycles."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """lr = minimum + (base - minimum) (1 + cos(pi u)) / 2,   u from 0 to 1 over a cycle, step by step

    Without restarts there is one cycle, the whole training.

    Loshchilov and Hutter, 2017, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983.

    minimum: the rate at a cycle's end, which no step reaches: the end is after the cycle's last step.
    cycle: the number of epochs in the first cycle; the next one starts from base again. 0 for no restarts.
    growth: how many times longer each cycle is than the one before, rounded to whole steps.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    minimum: NonNegativeFloat = 0.0
    cycle: NonNegativeFloat = 0.0
    growth: Annotated[float, Ge(1)] = 1.0
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = minimum + (base - minimum) * (1 + cos(pi * u)) / 2",)

    def formula_values(self, base: float, clock: Clock) -> dict[str, Any]:
        u = self._share_of_cycle(clock) if self.cycle else clock.share
        return {**super().formula_values(base, clock), "u": u}

    def rate(self, base: float, clock: Clock) -> float:
        u = self._share_of_cycle(clock) if self.cycle else clock.share
        return self.minimum + (base - self.minimum) * (1.0 + math.cos(math.pi * u)) / 2.0

    def _share_of_cycle(self, clock: Clock) -> float:
        """The part of the current cycle that has passed. Whole steps are counted: fractions add up errors."""
        first = length = max(round(self.cycle * clock.steps_per_epoch), 1)
        if self.growth == 1.0:
            return clock.step % length / length
        step, restarts = clock.step, 0
        while step >= length:
            step -= length
            restarts += 1
            length = round(first * self.growth**restarts)
        return step / length
