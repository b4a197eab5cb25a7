"""mistakes.png, for classes: the rows that the network is surest of, and wrong."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.images import as_picture, color_range, stretched
from nnfs_cli.plots.inside import image_shape, trained_network
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, shorten_names, wrap_title
from nnfs_cli.plots.style import drawing, grid_color, ink, new_figure
from nnfs_cli.plots.ticks import shown_number
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.runs.directory import RunDirectory

MOST, ACROSS = 24, 6
MOST_COLUMNS, MOST_LETTERS = 5, 14
SIZE = 9.5


def draw(run: RunDirectory) -> dict[str, Axes]:
    """A grid of images, or a table of rows, each with what it is and what the network took it for."""
    summary = run.summary()
    if summary.get("task") != "classification" or not run.has("predictions.npz"):
        return {}
    arrays = run.arrays("predictions.npz")
    if "example" not in arrays or not run.has("preparation.json"):
        return {}
    example = arrays["example"]
    target, prediction, confidence = (
        arrays[name][example] for name in ("target", "prediction", "confidence")
    )
    wrong = np.flatnonzero(target != prediction)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST]
    if not len(worst):
        return {}
    names = shorten_names(summary["classes"], MOST_LETTERS)
    sure = ", {:.0%}" if "probability" in arrays else ""
    said = [
        (names[target[i]], names[prediction[i]], sure.format(confidence[i]).replace("%", " %")) for i in worst
    ]
    all_wrong = int(np.count_nonzero(arrays["target"] != arrays["prediction"]))
    which = f"the surest {len(worst)} of {all_wrong:,} mistakes"
    if len(worst) == all_wrong:
        which = "its only mistake" if all_wrong == 1 else f"all {all_wrong} mistakes"
    title = f"{run.id}: {which}, {summary['pictured_split']} rows"
    x, preparation = arrays["example_x"][worst], run.preparation()
    network = trained_network(run)
    shape = image_shape(network, 0, preparation) if network is not None else ()
    if len(shape) in (2, 3):
        return {"mistakes": _draw_images(x.reshape(len(x), *shape), said, title)}
    rows = example[worst]
    return {"mistakes": _draw_table(preparation, x.reshape(len(x), -1), arrays, rows, said, title)}


def _draw_images(x: Array, said: list[tuple[str, str, str]], title: str) -> Axes:
    across = min(ACROSS, len(x))
    down = -(-len(x) // across)
    with drawing():
        figure: Any = new_figure((max(1.55 * across, 4.5), 1.95 * down + 0.7))
        figure.suptitle(wrap_title(title, max(1.55 * across, 4.5) - 0.6), x=0.02, ha="left", fontsize=13)
        grid = figure.subplots(down, across, squeeze=False).ravel()
        low, high = color_range(x)
        for axes in grid:
            axes.set_axis_off()
        for axes, image, (truth, taken, sure) in zip(grid, x, said, strict=False):
            axes.imshow(stretched(as_picture(image), low, high), cmap="gray", vmin=0.0, vmax=1.0)
            axes.set_title(f"{truth}, taken for\n{taken}{sure}", fontsize=SIZE, loc="center")
    first: Axes = figure.axes[0]
    return first


def _draw_table(
    preparation: Preparation,
    x: Array,
    arrays: dict[str, Array],
    rows: Array,
    said: list[tuple[str, str, str]],
    title: str,
) -> Axes:
    """A line for each row (N, D), with its values in the columns that are most unlike those of other rows."""
    names, columns = _columns(preparation, x, arrays["example_x"].reshape(len(arrays["example_x"]), -1))
    heads = ["row", "is", "taken for", *(shorten_name(name, MOST_LETTERS) for name in names)]
    cells = [
        [f"{row:,}", truth, f"{taken}{sure}", *values]
        for row, (truth, taken, sure), *values in zip(rows.tolist(), said, *columns, strict=True)
    ]
    with drawing():
        width = 0.4 + 0.095 * sum(
            max(len(line[i]) for line in [heads, *cells]) + 2 for i in range(len(heads))
        )
        figure: Any = new_figure((max(width, 5.0), 0.29 * len(cells) + 1.1))
        axes: Axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_title(wrap_title(title, max(width, 5.0) - 0.6))
        table = axes.table([heads, *cells], loc="upper left", cellLoc="right", edges="horizontal")
        table.auto_set_font_size(False)
        table.set_fontsize(SIZE)
        table.auto_set_column_width(range(len(heads)))
        for (line, _), cell in table.get_celld().items():
            cell.set_edgecolor(grid_color())
            cell.set_text_props(weight="bold" if line == 0 else "normal", color=ink())
            cell.get_text().set_parse_math(False)  # names are no formulas
            cell.set_height(1.0 / (len(cells) + 1))
    return axes


def _columns(preparation: Preparation, x: Array, others: Array) -> tuple[list[str], list[list[str]]]:
    """The names of the columns in which rows x (N, D) are most unlike `others` (E, D), and their values."""
    columns = preparation.columns or [Column(f"x{i + 1}") for i in range(x.shape[1])]
    starts = np.cumsum([0, *(column.width for column in columns)])
    spread = np.maximum(others.std(axis=0), 1e-12)
    unlike = np.abs((x - others.mean(axis=0)) / spread).mean(axis=0)
    telling = [
        unlike[start : start + column.width].max() for start, column in zip(starts, columns, strict=False)
    ]
    chosen = sorted(np.argsort(-np.array(telling), kind="stable")[:MOST_COLUMNS].tolist())
    texts = []
    for i in chosen:
        values = x[:, starts[i] : starts[i] + columns[i].width]
        if categories := columns[i].categories:
            which = np.where(values.any(axis=1), values.argmax(axis=1), -1).tolist()
            texts.append([shorten_name((*categories, "")[k], MOST_LETTERS) for k in which])
        else:
            texts.append([shown_number(float(f"{value:.4g}")) for value in values[:, 0]])
    return [columns[i].name for i in chosen], texts
