"""confusion.png, for classes: which class is taken for which, as counts and as shares."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import readable_on
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import Predicted, predicted
from nnfs_cli.plots.style import ORANGE, drawing, is_dark, new_figure, panels, paper
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.evaluation import confusion_matrix

MOST_NUMBERED = 11
"""With more classes than this, numbers in the cells are too small to read, and the worst pairs are listed."""
MOST_NAMED, MOST_PAIRS = 40, 15
PALE = 0.02
"""Where all mistakes are rarer than this share of their class, none has the strongest color."""
MOST_LETTERS = 24
LETTER = 0.095
"""Width of a letter in inches."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Counts by actual and predicted class. The color is the share of the actual class, of mistakes alone.

    So the many right predictions, in gray, do not drown the mistakes.
    """
    found = predicted(run, "classification")
    if found is None:
        return {}
    counts = confusion_matrix(found.arrays["prediction"], found.arrays["target"], len(found.classes))
    names = found.names(MOST_LETTERS)
    room = max(LETTER * (max(map(len, names)) - 3), 0.0)
    few = len(names) <= MOST_NUMBERED
    side = max(4.6, 0.86 * len(names)) if few else min(max(6.0, 0.24 * len(names)), 11.0)
    if few:
        (axes,) = panels([""], (side + room + 0.8, side + room))
    else:
        with drawing():
            figure: Any = new_figure((side + room + 6.2, side + room))
            axes, beside = figure.subplots(1, 2, width_ratios=(side + room, 5.0))
            _draw_pairs(beside, counts, found)
    _draw_matrix(axes, counts, names, numbered=few)
    axes.set_title(wrap_title(_title(found, counts), side + room), loc="left")
    return {"confusion": axes}


def worst_pairs(counts: Array) -> list[tuple[int, int, int]]:
    """(actual, predicted, count) of all pairs of classes that were confused, the most frequent first."""
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    order = np.argsort(-wrong.ravel(), kind="stable")[: np.count_nonzero(wrong)]
    return [(int(i // len(counts)), int(i % len(counts)), int(wrong.flat[i])) for i in order]


def _title(found: Predicted, counts: Array) -> str:
    rows, right = len(found.arrays["target"]), int(counts.diagonal().sum())
    lost = rows - int(counts.sum())
    text = (
        f"{found.id}: {rows - right:,} of {rows:,} {found.split} rows wrong, {right / max(rows, 1):.2%} right"
    )
    return f"{text}; the outputs of {lost:,} are not numbers, and these are not drawn" if lost else text


def _draw_matrix(axes: Axes, counts: Array, names: list[str], *, numbered: bool) -> None:
    """The matrix: mistakes in color by their share of the actual class, right predictions in gray."""
    support = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(support, 1)
    diagonal = np.eye(len(names), dtype=bool)
    mistakes = np.ma.masked_array(share, diagonal | (counts == 0))
    colors = mistake_colors()
    most = max(float(mistakes.max()), PALE) if mistakes.count() else 1.0
    places = range(len(names))
    # As an image, these few cells would take 20 MB, since each is scaled up to many pixels.
    cells = axes.pcolormesh(places, places, mistakes, cmap=colors, vmin=0.0, vmax=most)
    gray = mpl.colors.ListedColormap([_neutral()])
    axes.pcolormesh(places, places, np.ma.masked_array(np.ones_like(share), ~diagonal), cmap=gray)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.grid(visible=False)
    if mistakes.count():
        figure: Any = axes.figure
        percent = mpl.ticker.PercentFormatter(1.0)
        label = "mistakes: share of the actual class"
        figure.colorbar(cells, ax=axes, label=label, fraction=0.046, pad=0.03, format=percent)
    if len(names) <= MOST_NAMED:
        room = max(map(len, names)) > 3
        axes.set_xticks(places, names, rotation=90 if room else 0)
        axes.set_yticks(places, names)
        if not numbered:
            axes.tick_params(labelsize=9)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("actual class")
    if numbered:
        for (i, j), count in np.ndenumerate(counts):
            color = _neutral() if i == j else colors(share[i, j] / most) if count else paper()
            _write_cell(axes, (i, j), int(count), share[i, j] if support[i, 0] else None, readable_on(color))


def _write_cell(axes: Axes, cell: tuple[int, int], count: int, share: float | None, color: str) -> None:
    """A count, and below it its share of the actual class."""
    i, j = cell
    if share is None:
        if i == j:
            axes.text(j, i, "no rows", ha="center", va="center", color=color, fontsize=9)
    elif count:
        axes.text(j, i - 0.03, f"{count:,}", ha="center", va="bottom", color=color, fontsize=12)
        axes.text(j, i + 0.05, shown_share(share), ha="center", va="top", color=color, fontsize=9)
    elif i == j:
        axes.text(j, i, "0", ha="center", va="center", color=color, fontsize=12)


def shown_share(share: float) -> str:
    """A share in percent, with a digit after the point where it is small."""
    return "100%" if share == 1 else f"{min(share, 0.999):.1%}"


def mistake_colors() -> Any:
    """A color map for mistakes, visible on the paper even for the fewest."""
    ends = ["#5a2c12", ORANGE, "#ffc9a3"] if is_dark() else ["#fde3d0", ORANGE, "#7a2f00"]
    return mpl.colors.LinearSegmentedColormap.from_list("mistakes", ends)


def _neutral() -> str:
    return "#3b4148" if is_dark() else "#dfe2e6"


def _draw_pairs(axes: Axes, counts: Array, found: Predicted) -> None:
    """The most frequent mistakes as bars, each with its count and its share of the actual class."""
    pairs = worst_pairs(counts)
    shown, short = pairs[:MOST_PAIRS], found.names(14)
    rows = counts.sum(axis=1)
    labels = [f"{short[i]} → {short[j]}" for i, j, _ in shown]
    places = range(len(shown))
    axes.barh(places, [count for *_, count in shown], color=ORANGE, height=0.7)
    axes.set_yticks(places, labels)
    axes.tick_params(axis="y", labelsize=10.5)
    axes.invert_yaxis()
    for place, (i, _, count) in zip(places, shown, strict=True):
        axes.text(count, place, f" {count:,}, {shown_share(count / rows[i])}", va="center", fontsize=10.5)
    left = len(pairs) - len(shown)
    most = max((count for *_, count in shown), default=1)
    axes.set_xlim(0, 1.45 * most)
    more = f" ({left:,} more pairs)" if left else ""
    axes.set_title(f"Most frequent mistakes{more}" if shown else "No mistakes")
    axes.set_xlabel("rows, and share of the actual class")
    axes.set_ylabel("actual → predicted")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=5))
    axes.grid(visible=False)
    if not shown:
        axes.set_axis_off()
