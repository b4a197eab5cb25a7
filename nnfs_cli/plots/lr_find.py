"""The learning-rate range test's picture: the loss against the rate."""

from pathlib import Path

import numpy as np

from nnfs_cli.doctor.learning_rates import RangeTest
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.style import AMBER, BLUE, GRAY, GREEN, ORANGE, drawing, panels, save_as
from nnfs_cli.plots.ticks import log_axis, number_axis


def draw_range_test(found: RangeTest, path: Path, style: str = "light") -> None:
    """The loss of each step, smoothed over near rates; the suggested rate, and the config's own."""
    with drawing(style):
        (axes,) = panels([f"{found.name}: learning-rate range test ({found.optimizer})"], (8.0, 5.0))
        draw_on(axes, found)
        save_as(axes, path)


def draw_on(axes: Axes, found: RangeTest) -> None:
    """Draw the range test on these axes."""
    axes.plot(
        found.rates, found.losses, ".", ms=5, color=GRAY, alpha=0.7, label="a step's batch, mean of runs"
    )
    axes.plot(found.rates, found.smoothed, color=BLUE, label="smoothed over near rates")
    axes.set_xlim(found.rates[0], max(found.rates[-1], found.own))
    low, high = float(found.smoothed.min()), float(found.smoothed[: _first_rates(found)].max())
    room = 0.15 * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(low - room, max(high, float(found.smoothed.max())) + room)
    log_axis(axes, "x")
    number_axis(axes)
    if found.limit is not None:
        axes.axvspan(
            found.limit, axes.get_xlim()[1], color=AMBER, alpha=0.15, lw=0, label="too high: the loss grows"
        )
    if found.suggestion is not None:
        y = float(np.interp(np.log10(found.suggestion), np.log10(found.rates), found.smoothed))
        axes.axvline(found.suggestion, color=GREEN, ls="--", label=f"suggestion: {found.suggestion:.2g}")
        axes.plot([found.suggestion], [y], "o", ms=9, color=GREEN)
    axes.axvline(found.own, color=ORANGE, ls=":", lw=2.4, label=f"optimizer.learning_rate: {found.own:g}")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    axes.legend(loc="lower left")


def _first_rates(found: RangeTest) -> int:
    """How many rates there are before the loss is lowest, and at least one."""
    return max(int(found.smoothed.argmin()), 1)
