"""The learning rate falls along half a cosine, once or again and again."""

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """lr = minimum + (base - minimum) (1 + cos(pi u)) / 2,   u from 0 to 1 over a cycle, step by step

    Without restarts the one cycle is the whole training.

    Loshchilov and Hutter, 2017, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983.

    minimum: the rate that a cycle falls to; it is reached only after the last step of the training.
    cycle: epochs of the first cycle, after which the rate starts from the top again; 0 for no restarts.
    growth: how many times longer each cycle is than the one before; cycles are whole steps long.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    minimum: NonNegativeFloat = 0.0
    cycle: NonNegativeFloat = 0.0
    growth: Annotated[float, Ge(1)] = 1.0
    warmup: NonNegativeFloat = 0.0

    def rate(self, base: float, clock: Clock) -> float:
        u = self._share_of_cycle(clock) if self.cycle else clock.share
        return self.minimum + (base - self.minimum) * (1.0 + math.cos(math.pi * u)) / 2.0

    def _share_of_cycle(self, clock: Clock) -> float:
        """How far the running cycle has come, counted in whole steps: sums of fractions would drift."""
        first = length = max(round(self.cycle * clock.steps_per_epoch), 1)
        if self.growth == 1.0:
            return clock.step % length / length
        step, restarts = clock.step, 0
        while step >= length:
            step -= length
            restarts += 1
            length = round(first * self.growth**restarts)
        return step / length
