"""One cycle: up from a small rate to the full one, then down to a tiny one."""

import math
from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("one_cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    """lr along half cosines, from base / first_divisor up to base, then down to that / last_divisor

    Counted as in PyTorch: with T steps, the top is at step rise T - 1, the bottom at step T - 1.

    Smith and Topin, 2018, Super-convergence, arXiv:1708.07120.

    rise: the share of the training in which the rate grows.
    first_divisor: how many times smaller than base the first rate is.
    last_divisor: how many times smaller than the first rate the last is.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    rise: float = 0.3
    first_divisor: float = 25.0
    last_divisor: float = 10000.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            rise=(0 < self.rise < 1, "above 0 and below 1"),
            first_divisor=(self.first_divisor >= 1, "a number of at least 1"),
            last_divisor=(self.last_divisor >= 1, "a number of at least 1"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        first, last = base / self.first_divisor, base / self.first_divisor / self.last_divisor
        top, bottom = self.rise * clock.steps - 1.0, clock.steps - 1.0
        if clock.step <= top:
            return _along(first, base, clock.step / top)
        return _along(base, last, min((clock.step - top) / max(bottom - top, 1e-9), 1.0))


def _along(start: float, end: float, u: float) -> float:
    """From start to end along half a cosine, u from 0 to 1."""
    return end + (start - end) * (1.0 + math.cos(math.pi * u)) / 2.0
