"""The look that all pictures share."""

import base64
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from nnfs_cli.core.files import replacing
from nnfs_cli.plots.fonts import find_letters
from nnfs_cli.plots.library import Axes, Figure, FigureCanvasAgg, Text, mpl
from nnfs_cli.plots.names import wrap_title

MARGIN = 1.0
"""Inches of a panel's width that its title cannot use."""

DPI = 120

BLUE, ORANGE, GREEN, GRAY = "#1f77b4", "#e4761b", "#2a9d5c", "#8a8f98"

RC: Any = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "grid.color": "#e3e5e8",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "font.size": 10,
    "text.usetex": False,
}


@contextmanager
def drawing() -> Iterator[None]:
    """In the `with` block figures are drawn in this look; a letter that no font has is a box, in silence."""
    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        yield


class Picture(Figure):
    """A figure that a notebook shows, though it is not pyplot's."""

    def _repr_png_(self) -> bytes:
        """IPython asks for this method."""
        content = io.BytesIO()
        with drawing():
            self.savefig(content, format="png")
        return content.getvalue()


class Pictures(dict[str, Figure]):
    """Figures by name, which a notebook shows one below the other."""

    def _repr_html_(self) -> str:
        """IPython asks for this method."""
        contents = (picture._repr_png_() for picture in self.values() if isinstance(picture, Picture))
        return "".join(
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">' for png in contents
        )


def panels(titles: Sequence[str], size: tuple[float, float], columns: int = 2) -> list[Axes]:
    """One set of axes for each title, `size` inches each, in one figure.

    It does without pyplot, which is slow to import.
    """
    columns = min(columns, len(titles))
    rows = math.ceil(len(titles) / columns)
    with mpl.rc_context(RC):
        figure = Picture(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
        grid = [figure.add_subplot(rows, columns, i + 1) for i in range(len(titles))]
        for axes, title in zip(grid, titles, strict=True):
            axes.set_title(wrap_title(title, size[0] - MARGIN))
    return grid


def save(axes: Axes, folder: Path, name: str) -> list[str]:
    """Write the figure that `axes` are in as folder/name, and return [name]."""
    figure = figure_of(axes)
    canvas: Any = FigureCanvasAgg(figure)
    with drawing(), replacing(folder / name) as file:
        canvas.print_png(file)  # figure.savefig would draw it twice, once only to lay it out
    return [name]


def figure_of(axes: Axes) -> Figure:
    """The figure that `axes` are in, ready to be shown."""
    figure: Any = axes.get_figure(root=True)
    figure.set_dpi(DPI)
    show_names_as_they_are(figure)
    find_letters(figure)
    return cast(Figure, figure)


def show_names_as_they_are(figure: Figure) -> None:
    """Show `$` in names as a letter: Matplotlib would read a formula between two of them.

    The numbers on a logarithmic axis stay formulas, since they are written only when the figure is drawn.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text) and "$" in text.get_text():
            text.set_parse_math(False)
