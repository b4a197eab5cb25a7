"""The same learning rate throughout."""

from dataclasses import dataclass

from nnfs_cli.core.errors import check_options
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """lr = base,   the optimizer's learning_rate

    warmup: epochs of linear warm-up before; 0 for none.
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_options(self, warmup=(self.warmup >= 0, "a number of epochs of at least 0"))

    def rate(self, base: float, clock: Clock) -> float:
        return base
