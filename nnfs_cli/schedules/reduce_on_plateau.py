"""The learning rate falls when the monitored value stops improving."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.ranges import NonNegativeFloat, NonNegativeInt
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule

SMALLEST_CUT = 1e-8
"""Cuts that would change the rate by less are not made, as in PyTorch. So the rate never becomes 0."""


@SCHEDULES.register("reduce_on_plateau")
@dataclass(eq=False)
class ReduceOnPlateau(Schedule):
    """lr <- max(factor lr, minimum) after more than `patience` epochs without a better monitored value

    A value is better if it is smaller than the best so far by more than threshold |best|, as in PyTorch's
    ReduceLROnPlateau for positive values. For metrics that are maximized it must be larger. Without a
    validation split the training loss is monitored.

    factor: the factor by which a cut multiplies the rate.
    patience: the number of epochs without a better value before a cut.
    threshold: by what part of the best value a value must be better.
    cooldown: the number of epochs after a cut that do not count towards patience.
    minimum: the smallest rate; 0 for any.
    warmup: the number of epochs of linear warm-up at the start, which count too; 0 for none.
    """

    factor: Annotated[float, Gt(0), Lt(1)] = 0.1
    patience: NonNegativeInt = 10
    threshold: NonNegativeFloat = 1e-4
    cooldown: NonNegativeInt = 0
    minimum: NonNegativeFloat = 0.0
    warmup: NonNegativeFloat = 0.0
    ignores_clock: ClassVar[bool] = True
    formulas: ClassVar[tuple[str, ...]] = ("lr = max(factor * lr, minimum)",)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._best = np.full(1, np.inf)
        self._waited = np.zeros(3, np.int64)  # epochs without a better value, epochs of cooldown left, cuts

    def observe(self, value: float) -> None:
        bad, cooling, cuts = map(int, self._waited)
        if self._is_better(value):
            self._best[0], bad = value, 0
        else:
            bad += 1
        if cooling > 0:
            cooling, bad = cooling - 1, 0
        if bad > self.patience:
            cuts, cooling, bad = cuts + 1, self.cooldown, 0
        self._waited[...] = bad, cooling, cuts

    def _is_better(self, value: float) -> bool:
        best = float(self._best[0])
        if not np.isfinite(value):
            return False
        return value < best - self.threshold * abs(best) if np.isfinite(best) else value < best

    def state(self) -> dict[str, Array]:
        return {"best": self._best, "waited": self._waited}

    def rate(self, base: float, clock: Clock) -> float:
        rate = base
        for _ in range(int(self._waited[2])):
            cut = max(rate * self.factor, self.minimum)
            if rate - cut <= SMALLEST_CUT:
                break
            rate = cut
        return rate
