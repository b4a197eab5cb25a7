"""The losses in steps.csv, in so few numbers that the picture of a long training takes little memory."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.runs.rows import AT_ONCE, RecordedRows

MOST = 2**18
"""The most stretches. Where fewer steps are logged, each is a stretch."""


@dataclass(frozen=True)
class LoggedLosses:
    """The losses of logged steps in stretches of `size`, but for the last, which may be shorter.

    step: (S,) the first of each.   low, high, mean: (S,) of its losses.
    """

    size: int
    step: Array
    low: Array
    high: Array
    mean: Array

    @property
    def curve(self) -> tuple[Array, Array]:
        """Steps and losses, (n,) each; of a stretch of several steps, the lowest loss and the highest."""
        if self.size == 1:
            return self.step, self.mean
        return np.repeat(self.step, 2), np.column_stack([self.low, self.high]).ravel()


def logged_losses(rows: RecordedRows) -> LoggedLosses | None:
    """The losses in steps.csv; None if there are none yet."""
    size = max(-(-rows.count // MOST), 1)
    stretches = [
        _stretches(block["step"], block["loss"], size)
        for block in rows.blocks(("step", "loss"), size * max(AT_ONCE // size, 1))
    ]
    return LoggedLosses(size, *np.hstack(stretches)) if stretches else None


def _stretches(step: Array, loss: Array, size: int) -> Array:
    """(4, S): the first step of each stretch, and the lowest, highest and mean loss."""
    starts = np.arange(0, len(loss), size)
    counts = np.diff(starts, append=len(loss))
    return np.stack(
        [
            step[starts],
            np.fmin.reduceat(loss, starts),
            np.fmax.reduceat(loss, starts),
            np.add.reduceat(loss, starts) / counts,
        ]
    )
