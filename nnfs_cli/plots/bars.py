"""Bar charts: a histogram of numbers, and the rows of each class."""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.records import Data

ULPS = 8
"""A bar is at least this many times as wide as the spacing of float64 numbers there."""
FEWEST_BINS = 5
EXACT = 2.0**52
"""Up to here halves between integers are exact."""
MOST_CLASS_NAMES, MOST_LETTERS = 40, 20
MOST_CATEGORIES = 8


def draw_histogram(
    axes: Axes, numbers: Array, *, bins: int, color: str, label: str = "", fewest: int = FEWEST_BINS
) -> None:
    """A histogram of numbers (N,), of `fewest` to `bins` bins; whole numbers lie in the middle of theirs."""
    edges = bin_edges(numbers.astype(np.float64), bins, fewest)
    axes.stairs(np.histogram(numbers.astype(np.float64), edges)[0], edges, fill=True, color=color)
    if len(edges) <= 12 and np.all(np.diff(edges) == 1.0):
        axes.set_xticks(edges[:-1] + 0.5)
    axes.set_xlabel(label)


def bin_edges(x: Array, most: int, fewest: int = FEWEST_BINS) -> Array:
    """The edges of `fewest` to `most` bins for x (N,), float64.

    As wide as Freedman and Diaconis, 1981, say, 2 IQR / N^(1/3), or as narrow as log2 N + 1 of them are; for
    whole numbers of a whole width, each number in the middle of its bin or among its neighbors.
    """
    low, high = float(x.min()), float(x.max())
    if high - low <= most * ULPS * np.spacing(max(abs(low), abs(high))):
        # (Almost) constant: widen the range, so that one bar stands in the middle.
        room = max(0.5, 1e-3 * abs(low))
        return np.linspace(low - room, high + room, FEWEST_BINS + 1)
    wanted = min(max(_bins_by_rows(x, high - low), fewest), most)
    if max(abs(low), abs(high)) < EXACT and np.array_equal(x, np.rint(x)):
        values = high - low + 1
        width = 1.0 if values <= most else np.ceil(values / wanted)
        return np.arange(low - 0.5, high + 0.5 + width, width)
    return np.linspace(low, high, wanted + 1)


def _bins_by_rows(x: Array, span: float) -> int:
    """How many bins so many numbers allow."""
    sturges = np.ceil(np.log2(len(x))) + 1
    quarter, three_quarters = np.quantile(x, [0.25, 0.75])
    width = 2.0 * (three_quarters - quarter) / np.cbrt(len(x))
    with np.errstate(over="ignore"):
        return int(max(min(np.ceil(span / width), 1e6), sturges)) if width > 0 else int(sturges)


def draw_categories(axes: Axes, categories: Sequence[str], counts: Array) -> None:
    """The rows (K,) of each category, the most frequent on top; the rest of them together."""
    order = np.argsort(-counts, kind="stable")
    shown, rest = order[:MOST_CATEGORIES], order[MOST_CATEGORIES:]
    texts, heights = shorten_names([categories[k] for k in shown], 14), counts[shown].tolist()
    if len(rest):
        texts, heights = [*texts, f"{len(rest):,} more"], [*heights, counts[rest].sum()]
    axes.barh(range(len(texts)), heights, color=[BLUE] * len(shown) + [GRAY] * bool(len(rest)))
    axes.set_yticks(range(len(texts)), texts, fontsize=8)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")


def draw_classes(axes: Axes, data: Data) -> None:
    """The number of rows of each class, a bar for each split."""
    colors = {"train": BLUE, "validation": ORANGE, "test": GRAY}
    width = 0.8 / len(data.splits)
    for i, (name, split) in enumerate(data.splits.items()):
        places = np.arange(len(data.classes)) + (i + 0.5) * width - 0.4
        axes.bar(places, class_counts(data, split), width=width, color=colors[name], label=name)
    step = -(-len(data.classes) // MOST_CLASS_NAMES)
    texts = shorten_names(data.classes[::step], MOST_LETTERS)
    turned = 90 if max(map(len, texts)) * len(texts) > 50 else 0
    axes.set_xticks(range(0, len(data.classes), step), texts, rotation=turned)
    axes.set_ylabel("rows")
    axes.set_ylim(0, 1.18 * max(max(class_counts(data, split)) for split in data.splits.values()))
    axes.legend(frameon=False, ncols=3, loc="upper right")
