"""confusion.png, for classification: how often each class is predicted for each actual class."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import readable_on, warm
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import classification
from nnfs_cli.plots.style import drawing, ink, is_dark, new_figure
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import confusion_matrix

MOST_NUMBERED = 11
"""With more classes than this, numbers in the cells are too small to read: mistakes are listed instead."""
PALEST = 0.02
"""The share of a class that gets the full color at least: one mistake in a thousand rows stays pale."""
MOST_NAMED, MOST_LISTED = 40, 16
LETTER = 0.095
"""Width of a letter in inches."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Counts and rates by actual and predicted class. Color is for mistakes: their share of the class."""
    found = classification(run)
    if found is None:
        return {}
    classes, texts = len(found.classes), found.names()
    counts = confusion_matrix(found.arrays["prediction"], found.arrays["target"], classes)
    room = LETTER * max(max(map(len, texts)) - 3, 0)
    listed = classes > MOST_NUMBERED
    side = 6.4 if listed else max(4.2, 0.68 * classes)
    beside = 4.2 if listed else 0.6
    with drawing():
        figure: Any = new_figure((side + room + beside, side + room + (0.6 if listed else -0.1)))
        if listed:
            grid = figure.add_gridspec(1, 2, width_ratios=[side + room, beside])
            axes = figure.add_subplot(grid[0], anchor="N")
            _list_mistakes(figure.add_subplot(grid[1]), counts, found.names(12))
        else:
            axes = figure.add_subplot(anchor="N")
        share = _draw_cells(axes, counts)
        if not listed:
            _number_cells(axes, counts, share)
        _name_axes(axes, texts, turned=listed or room > LETTER * 4)
        rows = len(found.arrays["target"])
        correct = counts.diagonal().sum() / max(rows, 1)
        title = f"{found.id}: {correct:.2%} of {rows:,} {found.split} rows are right"
        if counts.sum() < rows:
            title += f"; {rows - counts.sum():,} have outputs that are no numbers"
        figure.suptitle(wrap_title(title, side + room + beside - 1.0), x=0.01, ha="left", fontsize=13)
    return {"confusion": axes}


def _draw_cells(axes: Axes, counts: Array) -> Array:
    """Color mistakes by their share (K, K) of the actual class, which is returned; right ones are gray."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mistakes = share.copy()
    np.fill_diagonal(mistakes, np.nan)
    places = range(len(counts))
    most = float(np.nanmax(mistakes)) if len(counts) > 1 else 0.0
    axes.set_facecolor("#2b3037" if is_dark() else "#eceef1")  # what is not a number stays so: the diagonal
    # As an image, these few cells would take 20 MB, since each is scaled up to many pixels.
    cells = axes.pcolormesh(
        places, places, np.ma.masked_invalid(mistakes), cmap=warm(), vmin=0.0, vmax=max(most, PALEST)
    )
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(visible=False)
    if most:
        bar = axes.figure.colorbar(cells, ax=axes, fraction=0.046, pad=0.03)
        bar.set_label("mistakes, of the actual class")
        ticks = _ticks(100 * max(most, PALEST))
        bar.set_ticks([tick / 100 for tick in ticks], labels=[f"{tick:g} %" for tick in ticks])
    return np.asarray(share)


def _ticks(most: float) -> list[float]:
    """Four to seven round numbers from 0 to `most`."""
    size = 10.0 ** np.floor(np.log10(most))
    step = next(size * part for part in (0.2, 0.5, 1.0, 2.0) if most / (size * part) <= 6)
    return [float(f"{k * step:.3g}") for k in range(int(most / step) + 1)]


def _number_cells(axes: Axes, counts: Array, share: Array) -> None:
    """Write the count into each cell, and below it the share of the actual class."""
    mistakes = share - np.diag(share.diagonal())
    most = max(float(mistakes.max()), PALEST)
    for (i, j), count in np.ndenumerate(counts):
        color = ink() if i == j or not count else readable_on(warm()(mistakes[i, j] / most))
        if not count:
            axes.text(j, i, "·", ha="center", va="center", color=color)
            continue
        weight = "bold" if i == j else "normal"
        axes.text(
            j, i - 0.12, f"{count:,}", ha="center", va="center", color=color, fontsize=10.5, weight=weight
        )
        axes.text(j, i + 0.25, _percent(share[i, j]), ha="center", va="center", color=color, fontsize=7.5)


def _percent(share: Any) -> str:
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"


def _name_axes(axes: Axes, texts: list[str], *, turned: bool) -> None:
    """Name the classes; of very many, every second, third, ..."""
    step = -(-len(texts) // MOST_NAMED)
    size = 10 if len(texts) <= 20 else 8
    axes.set_xticks(range(0, len(texts), step), texts[::step], rotation=90 if turned else 0, fontsize=size)
    axes.set_yticks(range(0, len(texts), step), texts[::step], fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("actual class")


def _list_mistakes(axes: Axes, counts: Array, texts: list[str]) -> None:
    """The most frequent mistakes as a bar each, the worst on top."""
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_LISTED]
    pairs = [divmod(int(place), len(counts)) for place in order if wrong.flat[place]]
    if not pairs:
        axes.set_title("no mistakes", fontsize=11)
        axes.set_axis_off()
        return
    heights = [int(wrong[pair]) for pair in pairs]
    axes.barh(range(len(pairs)), heights, color=warm()(0.75), height=0.7)
    axes.set_yticks(range(len(pairs)), [f"{texts[i]} taken for {texts[j]}" for i, j in pairs], fontsize=8.5)
    axes.set_ylim(MOST_LISTED - 0.5, -0.5)
    share = wrong / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for place, pair in enumerate(pairs):
        text = f" {heights[place]:,}, {_percent(share[pair])} of {texts[pair[0]]}"
        axes.text(heights[place], place, text, va="center", fontsize=8)
    axes.set_xlim(0, 2.2 * max(heights))
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"the most frequent\nof {wrong.sum():,} mistakes", fontsize=11)
