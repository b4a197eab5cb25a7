"""The picture of a table: its columns, its targets, and their correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.bars import draw_categories, draw_classes, draw_histogram
from nnfs_cli.plots.dataset_plane import draw_plane
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names, wrap_title
from nnfs_cli.plots.style import BLUE, ORANGE, drawing, new_figure
from nnfs_cli.preprocessing.correlations import Correlations
from nnfs_cli.preprocessing.description import column_names, gaps_of, sampled_rows, target_names
from nnfs_cli.preprocessing.records import Data

ACROSS = 4
MOST_HISTOGRAMS = 16
MOST_CORRELATED = 30
MOST_TARGETS = 4
MOST_BINS = 40
NUMBERED = 12
WIDTH, SMALL_HEIGHT = 14.0, 2.6


def draw_table(data: Data, name: str) -> Axes:
    """A panel for each feature, the targets, up to two inputs as a scatter, and the correlations of all."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    correlations, columns = Correlations.of(data), features_of(data)
    shown = _strongest(columns, correlations)
    varying = correlations.strongest(MOST_CORRELATED)
    varying = varying[correlations.varies[varying]]
    labels, matrix = correlations.matrix(varying)
    across = ACROSS if len(shown) > 2 else 2
    down, side = -(-len(shown) // across), min(max(5.0, 0.32 * len(labels) + 2.0), 8.0)
    with drawing():
        figure = new_figure((WIDTH, SMALL_HEIGHT * down + side))
        parts: Any = figure.subfigures(2, 1, height_ratios=[SMALL_HEIGHT * down, side])
        above, below = parts
        texts = shorten_names([columns[i].name for i in shown], 28)
        for place, (i, text) in enumerate(zip(shown, texts, strict=True), 1):
            axes = above.add_subplot(down, across, place)
            _draw_feature(axes, data, rows, columns[i])
            axes.set_title(text, fontsize=10)
        plane = len(columns) <= 2 and not any(column.categories for column in columns)
        left, *middle, right = below.subfigures(1, 3 if plane else 2)
        _draw_targets(left, data, rows)
        if plane:
            draw_plane(middle[0].add_subplot(), data, [column.name for column in columns])
        last: Axes = right.add_subplot()
        _draw_correlations(last, labels, matrix, correlations)
        title = f"{name}: {len(train):,} training rows{_left_out(columns, shown, correlations)}"
        figure.suptitle(wrap_title(title, WIDTH), x=0.01, ha="left", fontsize=13)
    return last


@dataclass(frozen=True)
class Feature:
    """A column of a table: its name, its numbers in a flat row, and its categories if it has some."""

    name: str
    numbers: slice
    categories: tuple[str, ...] = ()


def features_of(data: Data) -> list[Feature]:
    """The columns of the inputs, in their order; arrays have a column for each number."""
    if not data.columns:
        return [Feature(name, slice(i, i + 1)) for i, name in enumerate(column_names(data))]
    starts = np.cumsum([0, *(column.width for column in data.columns)]).tolist()
    return [
        Feature(column.name, slice(start, start + column.width), column.categories)
        for start, column in zip(starts, data.columns, strict=False)
    ]


def _strongest(columns: Sequence[Feature], correlations: Correlations) -> list[int]:
    """The indices of the features to show, in rising order; constants count as weakest."""
    strength = np.array([correlations.strength[column.numbers].max() for column in columns])
    order = np.lexsort((-strength, ~_varying(columns, correlations)))
    return sorted(order[:MOST_HISTOGRAMS].tolist())


def _varying(columns: Sequence[Feature], correlations: Correlations) -> Array:
    return np.array([correlations.varies[column.numbers].any() for column in columns])


def _draw_feature(axes: Axes, data: Data, rows: Array, column: Feature) -> None:
    """A feature's numbers or categories in these training rows, without the values that fill gaps."""
    x = data.splits["train"].x[rows].reshape(len(rows), -1)[:, column.numbers]
    if column.categories:
        draw_categories(axes, column.categories, x.sum(axis=0))
        return
    there = x[~gaps_of(data, rows)[:, column.numbers]]
    draw_histogram(axes, there if len(there) else x[:, 0], bins=MOST_BINS, color=BLUE)


def _draw_targets(figure: Any, data: Data, rows: Array) -> None:
    targets = shorten_names(target_names(data)[:MOST_TARGETS], 40)
    for m, target in enumerate(targets):
        axes = figure.add_subplot(len(targets), 1, m + 1)
        if data.classes:
            draw_classes(axes, data)
            axes.set_title("Rows of each class")
        else:
            draw_histogram(axes, data.splits["train"].t[rows][:, m], bins=MOST_BINS, color=ORANGE)
            axes.set_title(f"Target: {target}")
            axes.set_ylabel("rows")


def _left_out(columns: Sequence[Feature], shown: Sequence[int], correlations: Correlations) -> str:
    """A sentence on the features that are not shown."""
    out = np.setdiff1d(np.arange(len(columns)), shown)
    if not len(out):
        return ""
    constant = np.count_nonzero(~_varying(columns, correlations)[out])
    which = f", {constant:,} of them constant" if constant else ""
    return f"; the {len(shown)} features {_chosen_by(correlations)}, {len(out):,} more are left out{which}"


def _chosen_by(correlations: Correlations) -> str:
    return f"that correlate most with the {'first ' if len(correlations.target_names) > 1 else ''}target"


def _draw_correlations(axes: Axes, labels: list[str], matrix: Array, correlations: Correlations) -> None:
    """The correlation matrix: the features and, after a line, the targets."""
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    axes.grid(visible=False)
    texts = shorten_names(labels, 18)
    size = 9 if len(labels) <= NUMBERED else 7
    axes.set_xticks(range(len(labels)), texts, rotation=90, fontsize=size)
    axes.set_yticks(range(len(labels)), texts, fontsize=size)
    axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
    border = len(labels) - len(correlations.target_names) - 0.5
    axes.axhline(border, color="black", lw=1.0)
    axes.axvline(border, color="black", lw=1.0)
    shown, varying = border + 0.5, np.count_nonzero(correlations.varies)
    lines = ["Correlation of the training rows"]
    if shown < varying:
        lines.append(f"the {shown:.0f} of {varying:,} features {_chosen_by(correlations)}")
    if correlations.labels is not None:
        lines.append("η: correlation ratio with the classes")
    if constant := len(correlations.names) - varying:
        lines.append(f"left out, since constant: {constant:,} feature{'s' if constant > 1 else ''}")
    if not correlations.t.any(axis=0).all():
        lines.append("0 where a target is constant")
    axes.set_title("\n".join(lines), fontsize=12 if len(lines) == 1 else 10)
    if len(labels) <= NUMBERED:
        for (i, j), value in np.ndenumerate(matrix):
            color = "white" if abs(value) > 0.6 else "black"
            axes.text(j, i, f"{round(value, 1) + 0.0:.1f}", ha="center", va="center", color=color, fontsize=8)
