"""The look that all pictures share: colors, light and dark, figures, files."""

import base64
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.core.files import named_by_user, replacing
from nnfs_cli.plots.fonts import find_letters
from nnfs_cli.plots.library import Axes, Figure, FigureCanvasAgg, Text, mpl
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.ticks import write_plain_numbers

MARGIN = 1.0
"""Inches of a panel's width that its title cannot use."""

DPI = 120

BLUE, ORANGE, GREEN, PURPLE = "#1a80c4", "#d55e00", "#009e73", "#cc79a7"
AMBER, SKY, GRAY = "#e69f00", "#56b4e9", "#8a8f98"
"""Okabe and Ito's colors (Color Universal Design, 2008), the blue a little lighter: people with any color
vision tell them apart, on white and on dark paper. By custom BLUE is training, ORANGE validation.
"""

STYLES: dict[str, dict[str, str]] = {
    "light": {"ink": "#1c1f24", "paper": "#ffffff", "grid": "#e3e5e8"},
    "dark": {"ink": "#e6e8eb", "paper": "#16191d", "grid": "#343a41"},
}

RC: Any = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.formatter.useoffset": False,
    "grid.linewidth": 0.8,
    "legend.frameon": True,
    "legend.framealpha": 0.8,
    "legend.edgecolor": "none",
    "legend.fontsize": 10.5,
    "lines.linewidth": 2.0,
    "font.size": 11,
    "text.usetex": False,
    "svg.hashsalt": "nnfs",
    "pdf.fonttype": 42,
}
"""Letters are large enough to be read when a picture is shown at half its width."""

_style: ContextVar[str] = ContextVar("style", default="light")


@contextmanager
def drawing(style: str | None = None) -> Iterator[None]:
    """In the `with` block figures are made and drawn in a style, by default the one around it, or light.

    A letter that no font has is a box, and a number that overflows is not drawn, in silence.
    """
    name = style or _style.get()
    token = _style.set(name)
    try:
        with (
            mpl.rc_context(_settings(name)),
            warnings.catch_warnings(),
            np.errstate(**IGNORE_OVERFLOW),
        ):
            warnings.filterwarnings("ignore", "Glyph .* missing")
            yield
    finally:
        _style.reset(token)


def _settings(name: str) -> Any:
    look = STYLES[name]
    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    paper = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    colors = {**dict.fromkeys(ink, look["ink"]), **dict.fromkeys(paper, look["paper"])}
    return {**RC, **colors, "grid.color": look["grid"]}


def ink() -> str:
    """The color of letters and axes in the present style: black on white, or the reverse."""
    return STYLES[_style.get()]["ink"]


def paper() -> str:
    """The color of the background in the present style."""
    return STYLES[_style.get()]["paper"]


def grid_color() -> str:
    """The color of thin lines in the present style."""
    return STYLES[_style.get()]["grid"]


def is_dark() -> bool:
    """Whether the present style writes on dark paper."""
    return _style.get() == "dark"


class Picture(Figure):
    """A figure that a notebook shows, though it is not pyplot's. It keeps the style that it was made in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.style = _style.get()

    def _repr_png_(self) -> bytes:
        """IPython asks for this method."""
        content = io.BytesIO()
        with drawing(self.style):
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


def new_figure(size: tuple[float, float]) -> Picture:
    """An empty figure of a size in inches, in the present style, laid out when it is drawn.

    It does without pyplot, which is slow to import. What is added to it must be made inside `drawing()`.
    """
    with drawing():
        return Picture(figsize=size, layout="constrained")


def panels(titles: Sequence[str], size: tuple[float, float], columns: int = 2) -> list[Axes]:
    """One set of axes for each title, `size` inches each, in one figure."""
    columns = min(columns, len(titles))
    rows = math.ceil(len(titles) / columns)
    with drawing():
        figure = new_figure((size[0] * columns, size[1] * rows))
        grid = [figure.add_subplot(rows, columns, i + 1) for i in range(len(titles))]
        for axes, title in zip(grid, titles, strict=True):
            axes.set_title(wrap_title(title, size[0] - MARGIN))
    return grid


def save(axes: Axes, folder: Path, name: str, inside: Path | None = None) -> list[str]:
    """Write the figure that `axes` are in as folder/name, png, svg or pdf by its ending; return [name].

    The same figure gives the same bytes. inside: see `replacing`.
    """
    with replacing(folder / name, inside=inside) as file:
        _write(axes, file, Path(name).suffix.removeprefix(".").lower())
    return [name]


def save_as(axes: Axes, path: Path) -> None:
    """Write the figure that `axes` are in as a PNG file that the user named."""
    with named_by_user(path) as file:
        _write(axes, file, "png")


def png(axes: Axes) -> bytes:
    """The figure that `axes` are in as a PNG file."""
    file = io.BytesIO()
    _write(axes, file, "png")
    return file.getvalue()


def _write(axes: Axes, file: BinaryIO, kind: str) -> None:
    figure = figure_of(axes)
    with drawing(getattr(figure, "style", None)):
        if kind in ("svg", "pdf"):
            figure.savefig(file, format=kind, metadata={"Date" if kind == "svg" else "CreationDate": None})
        else:
            canvas: Any = FigureCanvasAgg(figure)
            canvas.print_png(file)  # figure.savefig would draw it twice, once only to lay it out


def figure_of(axes: Axes) -> Figure:
    """The figure that `axes` are in, ready to be shown."""
    figure: Any = axes.get_figure(root=True)
    figure.set_dpi(DPI)
    show_names_as_they_are(figure)
    write_plain_numbers(figure)
    find_letters(figure)
    return cast(Figure, figure)


def show_names_as_they_are(figure: Figure) -> None:
    """Show `$` in names as a letter: Matplotlib would read a formula between two of them.

    The numbers on a logarithmic axis stay formulas, since they are written only when the figure is drawn.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text) and "$" in text.get_text():
            text.set_parse_math(False)
