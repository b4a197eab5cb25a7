"""mistakes.png, for classes: the rows that the network is surest of, and wrong."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.images import as_picture, color_range, stretched
from nnfs_cli.plots.inside import image_shape, trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, wrap_title
from nnfs_cli.plots.predicted import classification
from nnfs_cli.plots.style import drawing, grid_color, ink, new_figure
from nnfs_cli.plots.ticks import shown_number
from nnfs_cli.preprocessing.description import column_names
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.runs.directory import RunDirectory

MOST, ACROSS = 24, 6
MOST_COLUMNS, MOST_LETTERS, FEWER_LETTERS = 3, 18, 14
SIZE = 9.5


def draw(run: RunDirectory) -> dict[str, Axes]:
    """A grid of images, or a table of rows, each with what it is and what the network took it for."""
    found = classification(run)
    if found is None or "example_p" not in found.arrays or found.preparation is None:
        return {}
    arrays, preparation = found.arrays, found.preparation
    target, prediction = arrays["example_target"], arrays["example_prediction"]
    worst = np.flatnonzero(target != prediction)[:MOST]  # the most wrong ones come first
    if not len(worst):
        return {}
    names = found.names(MOST_LETTERS)
    said = [(names[target[i]], names[prediction[i]] + _sure(arrays, i)) for i in worst]
    all_wrong = int(np.count_nonzero(arrays["target"] != arrays["prediction"]))
    which = f"the surest {len(worst)} of {all_wrong:,} mistakes"
    if len(worst) == all_wrong:
        which = "its only mistake" if all_wrong == 1 else f"all {all_wrong} mistakes"
    title = f"{found.id}: {which}, {found.split} rows"
    x = arrays["example_x"][worst]
    network = trained_network(run)
    shape = image_shape(network, 0, preparation) if network is not None else ()
    if len(shape) in (2, 3):
        return {"mistakes": _draw_images(x.reshape(len(x), *shape), said, title)}
    return {"mistakes": _draw_table(preparation, arrays, worst, said, title)}


def _sure(arrays: dict[str, Array], example: int) -> str:
    """`, 97 %`: the probability of what it was taken for."""
    if not arrays["probabilities"]:
        return ""
    percent = 100 * float(arrays["example_p"][example].max())
    return f", {min(percent, 99.9):.1f} %" if percent >= 99.5 else f", {percent:.0f} %"


def _draw_images(x: Array, said: list[tuple[str, str]], title: str) -> Axes:
    across = min(ACROSS, len(x))
    down = -(-len(x) // across)
    with drawing():
        figure: Any = new_figure((max(1.55 * across, 4.5), 1.95 * down + 0.7))
        figure.suptitle(wrap_title(title, max(1.55 * across, 4.5) - 0.6), x=0.02, ha="left", fontsize=13)
        grid = figure.subplots(down, across, squeeze=False).ravel()
        low, high = color_range(x)
        for axes in grid:
            axes.set_axis_off()
        for axes, image, (truth, taken) in zip(grid, x, said, strict=False):
            axes.imshow(stretched(as_picture(image), low, high), cmap="gray", vmin=0.0, vmax=1.0)
            axes.set_title(f"{truth}, taken for\n{taken}", fontsize=SIZE, loc="center")
    first: Axes = figure.axes[0]
    return first


def _draw_table(
    preparation: Preparation, arrays: dict[str, Array], worst: Array, said: list[tuple[str, str]], title: str
) -> Axes:
    """A line for each row, with its values in the columns in which it is least like its class."""
    heads = ["row", "is", "taken for"]
    cells = [
        [f"{row:,}", truth, taken]
        for row, (truth, taken) in zip(arrays["example_row"][worst].tolist(), said, strict=True)
    ]
    if "example_telling" in arrays:
        heads.append("least like its class in")
        columns = _columns(preparation)
        for line, i in zip(cells, worst, strict=True):
            telling = arrays["example_telling"][i][:MOST_COLUMNS]
            line.append(", ".join(_value(columns[k], arrays["example_x"][i]) for k in telling.tolist()))
    with drawing():
        width = 0.4 + 0.092 * sum(
            max(len(line[i]) for line in [heads, *cells]) + 2 for i in range(len(heads))
        )
        figure: Any = new_figure((max(width, 5.0), 0.29 * len(cells) + 1.1))
        axes: Axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_title(wrap_title(title, max(width, 5.0) - 0.6))
        table = axes.table([heads, *cells], loc="upper left", cellLoc="left", edges="horizontal")
        table.auto_set_font_size(False)
        table.set_fontsize(SIZE)
        table.auto_set_column_width(range(len(heads)))
        for (place, _), cell in table.get_celld().items():
            cell.set_edgecolor(grid_color())
            cell.set_text_props(weight="bold" if place == 0 else "normal", color=ink())
            cell.get_text().set_parse_math(False)  # names are no formulas
            cell.set_height(1.0 / (len(cells) + 1))
    return axes


def _columns(preparation: Preparation) -> list[tuple[Column, slice]]:
    """The table's columns, and which numbers of a row they are."""
    columns = preparation.columns or [Column(name) for name in column_names(preparation)]
    starts = np.cumsum([0, *(column.width for column in columns)]).tolist()
    return [
        (column, slice(start, start + column.width)) for column, start in zip(columns, starts, strict=False)
    ]


def _value(column: tuple[Column, slice], x: Array) -> str:
    """`petal_length 5.1`: a column's value in a row x (D,)."""
    (own, part), name = column, shorten_name(column[0].name, FEWER_LETTERS)
    values = x.reshape(-1)[part]
    if own.categories:
        category = own.categories[values.argmax()] if values.any() else "?"
        return f"{name} {shorten_name(category, FEWER_LETTERS)}"
    return f"{name} {shown_number(float(f'{values[0]:.4g}'))}"
