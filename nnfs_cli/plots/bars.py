"""Bar charts: a histogram of numbers, and the rows of each class."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.records import Data

ULPS = 8
"""A bar is at least this many times as wide as the spacing of float64 numbers there."""
MOST_CLASS_NAMES, MOST_LETTERS = 40, 20


def draw_histogram(axes: Axes, numbers: Array, *, bins: int, color: str, label: str = "") -> None:
    """A histogram of numbers (N,)."""
    x = numbers.astype(np.float64)
    low, high = float(x.min()), float(x.max())
    if high - low <= bins * ULPS * np.spacing(max(abs(low), abs(high))):
        # (Almost) constant: widen the range, so that one bar stands in the middle.
        room = max(0.5, 1e-3 * abs(low))
        low, high = low - room, high + room
    counts, edges = np.histogram(x, bins=bins, range=(low, high))
    axes.stairs(counts, edges, fill=True, color=color)
    axes.set_xlabel(label)


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
