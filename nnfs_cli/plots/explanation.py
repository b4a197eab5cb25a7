"""A training step as a picture for a slide: the equations forward on the left, backward on the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnfs_cli.core.files import replacing
from nnfs_cli.explain.numbers import shown
from nnfs_cli.explain.records import Equation, Explanation, Part
from nnfs_cli.plots.library import Figure, FigureCanvasAgg
from nnfs_cli.plots.style import BLUE, DPI, GRAY, ORANGE, Picture, drawing, figure_of

WIDTH, HEIGHT = 40 / 3, 7.5
"""Inches of a slide of 16:9."""
MARGIN, GAP = 0.35, 0.25
TOP, BOTTOM = 1.0, 0.75
"""Inches above the boxes, for the title, and below them, for the update."""
SIZE, LEAST, MOST = 10.0, 8.5, 17.0
"""The font size in which equations are measured, and the sizes they may be scaled to, in points."""
PADDING = 0.16
"""Inches between the equations of two boxes, in the measured size."""
FEW = 9


@dataclass(frozen=True)
class Row:
    """What stands side by side: a part's equations, forward from below and backward from above.

    caption: what the part is.   forward, backward: (mathematics, remark) of each line.
    """

    caption: str
    forward: list[tuple[str, str]]
    backward: list[tuple[str, str]]
    depth: int


def draw_explanation(explanation: Explanation, path: Path, form: str) -> None:
    """Write the picture as a file, `png` or `svg`."""
    figure = explanation_figure(explanation)
    with drawing(), replacing(path) as file:
        figure.savefig(file, format=form, dpi=2 * DPI)


def explanation_figure(explanation: Explanation) -> Figure:
    """The picture, in as much detail as can be read on a slide. Very deep networks make it higher."""
    with drawing():
        for detail in (2, 1, 0):
            for banks in (1, 2):
                picture = _Slide(explanation, detail, banks)
                if picture.size >= LEAST:
                    return picture.draw()
        return picture.draw()
