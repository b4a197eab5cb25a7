"""The learning rate falls by the same factor every epoch."""

from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """lr = base gamma^floor(epoch)

    Within an epoch it stays the same, as with PyTorch's ExponentialLR stepped once an epoch.

    gamma: what the rate is multiplied by after each epoch.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    gamma: float = 0.95
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            gamma=(0 < self.gamma <= 1, "above 0 and at most 1"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        return float(base * self.gamma ** (clock.step // clock.steps_per_epoch))
