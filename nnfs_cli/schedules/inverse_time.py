"""The learning rate falls with the inverse of time."""

from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("inverse_time")
@dataclass(frozen=True)
class InverseTime(Schedule):
    """lr = base / (1 + decay epoch),   epoch counting fractions too, step by step

    decay: how fast, per epoch: after 1 / decay epochs half the rate is left.
    warmup: epochs of linear warm-up before; 0 for none.
    """

    decay: float = 0.1
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(
            self,
            decay=(self.decay >= 0, "a number of at least 0"),
            warmup=(self.warmup >= 0, "a number of epochs of at least 0"),
        )

    def rate(self, base: float, clock: Clock) -> float:
        return base / (1.0 + self.decay * clock.epoch)
