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
    labels = list(dict.fromkeys(each.label for each in (*scores, *differences)))
    left, right = panels([name, f"difference to {first}"], (5.2, 1.6 + 0.45 * len(labels)))
    _draw_lines(left, scores, labels)
    _draw_lines(right, differences, labels)
    left.set_yticks(range(len(labels)), shorten_names(labels, MOST_LETTERS))
    right.set_yticks(range(len(labels)), [""] * len(labels))
    right.axvline(0.0, color=ink(), lw=1.2, ls="--")
    for axes in (left, right):
        axes.set_xlabel(f"{name.split()[-1]}, with its 95 % interval")
    return left


def _draw_lines(axes: Axes, estimates: Sequence[Estimate], labels: Sequence[str]) -> None:
    """A line for each estimate, at the place of its label, the first on top."""
    for each in estimates:
        place = labels.index(each.label)
        color = CLASSES[place] if len(labels) <= MOST_COLORS else BLUE
        if each.low is not None and each.high is not None:
            axes.plot([each.low, each.high], [place, place], color=color, lw=2.4, solid_capstyle="butt")
        axes.plot([each.value], [place], color=color, marker="o", ms=7)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
