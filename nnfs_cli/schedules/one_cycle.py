"""One cycle: the learning rate rises from a small value to base, and then falls to a tiny one."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Lt

from nnfs_cli.core.ranges import NonNegativeFloat
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("one_cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    """lr from base / first_divisor up to base, then down to base / first_divisor / last_divisor

    Both ways are half a cosine. With steps 0 to T - 1, the rate is base at step rise T - 1 and smallest at
    step T - 1, as in PyTorch's OneCycleLR with max_lr = base. Unlike in PyTorch, momentum does not cycle.

    Smith and Topin, 2018, Super-convergence: very fast training of neural networks using large
    learning rates, arXiv:1708.07120.

    rise: the part of the training in which the rate grows; PyTorch's pct_start.
    first_divisor: how many times smaller than base the first rate is; PyTorch's div_factor.
    last_divisor: how many times smaller than the first rate the last is; PyTorch's final_div_factor.
    warmup: the number of epochs of linear warm-up at the start; 0 for none.
    """

    rise: Annotated[float, Gt(0), Lt(1)] = 0.3
    first_divisor: Annotated[float, Ge(1)] = 25.0
    last_divisor: Annotated[float, Ge(1)] = 10000.0
    warmup: NonNegativeFloat = 0.0
    formulas: ClassVar[tuple[str, ...]] = ("lr = end + (start - end) * (1 + cos(pi * u)) / 2",)

    def rate(self, base: float, clock: Clock) -> float:
        start, end, u = self._way(base, clock)
        return end + (start - end) * (1.0 + math.cos(math.pi * u)) / 2.0

    def formula_values(self, base: float, clock: Clock) -> dict[str, Any]:
        start, end, u = self._way(base, clock)
        return {**super().formula_values(base, clock), "start": start, "end": end, "u": u}

    def _way(self, base: float, clock: Clock) -> tuple[float, float, float]:
        """(start, end, u): the way that the rate is on, up or down, and the part of it that passed."""
        first = base / self.first_divisor
        last = first / self.last_divisor
        top, bottom = self.rise * clock.steps - 1.0, clock.steps - 1.0
        if clock.step < top:
            return first, base, clock.step / top
        if clock.step < bottom:
            return base, last, (clock.step - top) / (bottom - top)
        return last, last, 1.0
