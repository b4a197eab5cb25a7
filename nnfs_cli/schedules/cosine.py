"""The learning rate falls along half a cosine, once or again and again."""

import math
from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """lr = minimum + (base - minimum) (1 + cos(pi u)) / 2,   u from 0 to 1 over a cycle

    Without restarts the one cycle is the whole training.

    Loshchilov and Hutter, 2017, SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983.

    minimum: the rate that a cycle ends in.
    cycle: epochs of the first cycle, after which the rate starts from the top again; 0 for no restarts.
    growth: how many times longer each cycle is than the one before.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    minimum: float = 0.0
    cycle: float = 0.0
    growth: float = 1.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            minimum=(self.minimum >= 0, "a number of at least 0"),
            cycle=(self.cycle >= 0, "a number of epochs of at least 0"),
            growth=(self.growth >= 1, "a number of at least 1"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        passed, length = clock.epoch, self.cycle or clock.steps / clock.steps_per_epoch
        while self.cycle and passed >= length:
            passed -= length
            length *= self.growth
        u = min(passed / length, 1.0)
        return self.minimum + (base - self.minimum) * (1.0 + math.cos(math.pi * u)) / 2.0
