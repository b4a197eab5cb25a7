"""mistakes.png, for classes: the rows that the network gets most wrong, and what it says of them."""

from typing import Any, cast

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.images import as_picture, color_range, is_color, stretched
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, wrap_title
from nnfs_cli.plots.predicted import Predicted, predicted
from nnfs_cli.plots.regions import draw_regions, draw_rows, ring
from nnfs_cli.plots.style import GRAY, GREEN, MARGIN, ORANGE, drawing, ink, new_figure, panels
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.runs.directory import RunDirectory

SHOWN, ACROSS = 24, 6
VALUES = 3
"""Of a row of a table."""
LINES = 12
"""Rows of a table that fit below each other."""
MOST_LETTERS = 14


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The surest mistakes; where there are fewer than fit, also the right rows that were nearly mistaken.

    Images are pictures, rows of a table their least usual values, and rows of two inputs are marked.
    """
    found = predicted(run, "classification")
    if found is None or not len(found.arrays.get("example_row", ())):
        return {}
    x = found.arrays["example_x"]
    if x.ndim > 2:
        return {"mistakes": _draw_images(found, x, color_range(x))}
    if x.shape[1] == 2 and "grid_x" in found.arrays:
        return {"mistakes": _draw_plane(found, x)}
    side = _picture_side(found.preparation, x)
    if side:
        return {"mistakes": _draw_images(found, x.reshape(len(x), side, side), (0.0, float(x.max())))}
    return {"mistakes": _draw_lines(found, x)}


def _picture_side(preparation: Preparation | None, x: Array) -> int:
    """The side of the square images that flat rows (n, D) are; 0 if they are none."""
    ranges = preparation.ranges if preparation else None
    side = round(x.shape[1] ** 0.5)
    return side if side > 3 and side**2 == x.shape[1] and ranges is not None and ranges.are_pixels() else 0


def _title(found: Predicted, shown: int) -> str:
    arrays, rows = found.arrays, f"{len(found.arrays['target']):,} {found.split} rows"
    wrong = np.count_nonzero(arrays["prediction"] != arrays["target"])
    if not wrong:
        return f"{found.id}: no mistake in {rows}; the least certain ones"
    drawn = np.count_nonzero((arrays["example_prediction"] != arrays["example_target"])[:shown])
    which = f"the surest {drawn} of {wrong:,} mistakes" if drawn < wrong else f"all mistakes, {wrong:,}"
    return f"{found.id}: {which} in {rows}{', then the least certain right rows' if drawn < shown else ''}"


def _said(found: Predicted, i: int) -> tuple[str, str]:
    """What the network says of an example, with how sure it is, and what it is."""
    arrays, names = found.arrays, found.names(MOST_LETTERS)
    prediction, target = int(arrays["example_prediction"][i]), int(arrays["example_target"][i])
    p = arrays["example_p"][i]
    unit = "{:.1%}" if arrays["probabilities"] else "{:.3g}"
    said = f"{names[prediction]} {unit.format(float(p[prediction]))}"
    if prediction == target:
        return said, "right"
    return said, f"true: {names[target]} {unit.format(float(p[target]))}"


def _draw_images(found: Predicted, x: Array, limits: tuple[float, float]) -> Axes:
    """A grid of images between black and white, above each what is said, below it what it is."""
    shown = min(len(x), SHOWN)
    with drawing():
        down = -(-shown // ACROSS)
        figure: Any = new_figure((1.75 * ACROSS, 2.3 * down + 0.8))
        figure.suptitle(wrap_title(_title(found, shown), 1.75 * ACROSS), x=0.01, ha="left", fontsize=13)
        grid: list[Axes] = [figure.add_subplot(down, ACROSS, i + 1) for i in range(shown)]
    for i, axes in enumerate(grid):
        said, truth = _said(found, i)
        picture = stretched(as_picture(x[i]), *limits)
        axes.imshow(picture, cmap=None if is_color(x.shape[1:]) else "gray", vmin=0.0, vmax=1.0)
        axes.set_title(said, fontsize=11, loc="center", color=_color(truth))
        axes.set_xlabel(truth, fontsize=10.5)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(visible=False)
    return grid[0]


def _color(truth: str) -> str:
    return GREEN if truth == "right" else ORANGE


def _draw_plane(found: Predicted, x: Array) -> Axes:
    """The plane with the rows ringed and numbered, and beside it what is said of each number."""
    arrays, shown = found.arrays, min(len(x), LINES)
    classes = len(found.classes)
    with drawing():
        figure: Any = new_figure((11.0, 5.4))
        axes, beside = figure.subplots(1, 2, width_ratios=(1.2, 1))
    draw_regions(axes, arrays, arrays["grid_prediction"], arrays["grid_confidence"], classes)
    draw_rows(axes, arrays["x"][:2000], arrays["target"][:2000], classes, size=14)
    draw_rows(axes, x[:shown], arrays["example_target"][:shown], classes, size=44)
    ring(axes, x[:shown])
    for i in range(shown):
        axes.annotate(
            f"{i + 1}", x[i], (9, 7), textcoords="offset points", fontsize=11, fontweight="bold", zorder=5
        )
    axes.set_title(wrap_title(_title(found, shown), 11.0 - MARGIN))
    axes.set_xlabel(found.input_names()[0])
    axes.set_ylabel(found.input_names()[1])
    lines = [[f"{x[i, 0]:.4g}, {x[i, 1]:.4g}"] for i in range(shown)]
    _write_lines(beside, found, lines, ", ".join(found.input_names(10)))
    return cast(Axes, axes)


def _draw_lines(found: Predicted, x: Array) -> Axes:
    """A line for each row of a table: what is said, what it is, and its values that are strange for that."""
    shown = min(len(x), LINES)
    (axes,) = panels([""], (12.0, 0.55 * shown + 1.6))
    axes.set_title(wrap_title(_title(found, shown), 12.0))
    lines = [_telling(found, x[i], found.arrays["example_telling"][i, :VALUES]) for i in range(shown)]
    _write_lines(axes, found, lines, "least usual values for the true class, the strangest first")
    return axes


def _telling(found: Predicted, row: Array, columns: Array) -> list[str]:
    """A row's most telling values with their names."""
    preparation = found.preparation
    all_columns = preparation.columns if preparation else ()
    texts, starts = [], np.cumsum([0, *(column.width for column in all_columns)])
    for c in columns:
        column = all_columns[c] if all_columns else Column(f"x{c + 1}")
        start = int(starts[c]) if all_columns else int(c)
        texts.append(f"{shorten_name(column.name, 18)} {_value(column, row[start : start + column.width])}")
    return texts


def _value(column: Column, numbers: Array) -> str:
    """A column's value as the table has it."""
    if not column.categories:
        return f"{numbers[0]:.4g}"
    return shorten_name(column.categories[int(numbers.argmax())], 14) if numbers.any() else "-"


def _write_lines(axes: Axes, found: Predicted, lines: list[list[str]], what: str) -> None:
    """Lines of text: number, what is said, what it is, and values, which are `what`."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(lines), -0.6)
    wide = len(lines[0]) > 1
    columns = (0.0, 0.04, 0.2, 0.38) if wide else (0.0, 0.07, 0.38, 0.76)
    head = ("", "predicted", "truth", what)
    for x, text in zip(columns, head, strict=True):
        axes.text(x, -0.2, text, fontsize=11, color=GRAY, va="center")
    for i, values in enumerate(lines):
        said, truth = _said(found, i)
        shown = (f"{i + 1}", said, truth.removeprefix("true: "))
        for x, text in zip(columns, shown, strict=False):
            color = _color(truth) if x == columns[1] else ink()
            axes.text(x, i + 0.5, text, fontsize=11, color=color, va="center")
        room = (1.0 - columns[3]) / max(len(values), 1)
        for j, value in enumerate(values):
            axes.text(columns[3] + room * j, i + 0.5, value, fontsize=11, va="center")
