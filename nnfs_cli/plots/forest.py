"""A forest plot: the scores of what is compared and their differences, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnfs_cli.plots.colors import CLASSES
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import BLUE, ink, panels

MOST_LETTERS = 40
MOST_COLORS = 6
"""More lines have all the same color."""


@dataclass(frozen=True)
class Estimate:
    """A line of the plot: a score, or a difference of two, and the ends of its interval, if it has one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


def draw(scores: Sequence[Estimate], differences: Sequence[Estimate], name: str, first: str) -> Axes:
    """The scores `name` of all on the left, and their differences to the first one on the right, beside them.

    An interval of differences that does not touch the line at zero is one that chance hardly explains.
    """
    height = 1.6 + 0.45 * max(len(scores), len(differences))
    left, right = panels([name, f"difference to {first}"], (5.2, height))
    _draw_lines(left, scores, 0)
    _draw_lines(right, differences, len(scores) - len(differences))
    left.set_yticks(range(len(scores)), shorten_names([each.label for each in scores], MOST_LETTERS))
    right.set_yticks(range(len(scores)), [""] * len(scores))
    right.axvline(0.0, color=ink(), lw=1.2, ls="--")
    for axes in (left, right):
        axes.set_xlabel(f"{name.split()[-1]}, with its 95 % interval")
    return left


def _draw_lines(axes: Axes, estimates: Sequence[Estimate], shift: int) -> None:
    """A line for each estimate, the first on top. `shift` keeps the places and colors of the other panel."""
    places = range(shift, shift + len(estimates))
    for place, each in zip(places, estimates, strict=True):
        color = CLASSES[place] if shift + len(estimates) <= MOST_COLORS else BLUE
        if each.low is not None and each.high is not None:
            axes.plot([each.low, each.high], [place, place], color=color, lw=2.4, solid_capstyle="butt")
        axes.plot([each.value], [place], color=color, marker="o", ms=7)
    axes.set_ylim(shift + len(estimates) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
