"""The picture of a dataset: of images or of a table, before and after normalization."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Data
from nnfs_cli.description import (
    class_counts,
    column_names,
    correlations,
    is_image,
    normalized,
    sampled_rows,
    target_names,
)
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE, RC, panels, save

BINS = 256
MOST_HISTOGRAMS = 16
MOST_CORRELATED = 30
MOST_TARGETS = 4
NUMBERED = 12
GRID = (4, 10)


def draw_data(data: Data, name: str, path: Path) -> None:
    """Draw what `describe` tells, as a PNG file at `path`."""
    axes = draw_images(data, name) if is_image(data) else draw_table(data, name)
    save(axes, path.absolute().parent, path.name)


def draw_images(data: Data, name: str) -> Axes:
    """Pixel values and a sample before and after normalization, labelled samples, rows by class."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    x = train.x[rows]
    y = normalized(x[0], data.inputs)
    titles = [
        f"{name}: pixel value distribution",
        f"{name}: pixel value distribution, normalized",
        "A sample before normalization",
        "The sample after normalization",
        "Samples from training, with their labels" if data.classes else "Samples from training",
        "Rows of each class" if data.classes else "Targets of the training rows",
    ]
    grid = panels(titles, (6.4, 4.4))
    for axes, numbers, label in (
        (grid[0], x, "Pixel value"),
        (grid[1], normalized(x, data.inputs), "Normalized value"),
    ):
        counts, edges = np.histogram(numbers, bins=BINS)
        axes.stairs(counts, edges, fill=True, color=BLUE)
        axes.set_yscale("log")
        axes.set_xlabel(label)
        axes.set_ylabel("Count (log scale)")
    for axes, image in ((grid[2], x[0]), (grid[3], y)):
        shown = axes.imshow(as_picture(image), cmap="gray")
        axes.grid(visible=False)
        axes.figure.colorbar(shown, ax=axes)
    _draw_samples(grid[4], data)
    if data.classes:
        _draw_classes(grid[5], data)
    else:
        grid[5].hist(train.t[rows][:, 0], bins=40, color=ORANGE)
    return grid[0]


def draw_table(data: Data, name: str) -> Axes:
    """A histogram of each feature, the target, and how all of them go together."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    x = train.x[rows].reshape(len(rows), -1)
    names = column_names(data)
    shown = min(len(names), MOST_HISTOGRAMS)
    labels, matrix = correlations(data, MOST_CORRELATED)
    small, side = -(-shown // 4), min(max(5.0, 0.32 * len(labels) + 2.0), 8.0)
    with mpl.rc_context(RC):
        figure = Figure(figsize=(14.0, 2.6 * small + side), layout="constrained")
        layout = figure.add_gridspec(small + 1, 4, height_ratios=[2.6] * small + [side])
        for i in range(shown):
            axes = figure.add_subplot(layout[i // 4, i % 4])
            axes.hist(x[:, i].astype(np.float64), bins=30, color=BLUE)
            axes.set_title(short(names[i], 28), fontsize=10)
        targets = 1 if data.classes else min(len(target_names(data)), MOST_TARGETS)
        below = layout[small, :2].subgridspec(targets, 1)
        for m in range(targets):
            axes = figure.add_subplot(below[m])
            if data.classes:
                _draw_classes(axes, data)
                axes.set_title("Rows of each class")
            else:
                axes.hist(train.t[rows][:, m], bins=40, color=ORANGE)
                axes.set_title(f"Target: {short(target_names(data)[m], 40)}")
        _draw_correlations(figure.add_subplot(layout[small, 2:]), labels, matrix)
        more = f"; {shown} of {len(names)} features shown" if shown < len(names) else ""
        figure.suptitle(f"{name}: {len(train):,} training rows{more}", x=0.01, ha="left", fontsize=13)
    return axes


def _draw_correlations(axes: Axes, labels: list[str], matrix: Array) -> None:
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    axes.grid(visible=False)
    texts = [short(label, 18) for label in labels]
    size = 9 if len(labels) <= NUMBERED else 7
    axes.set_xticks(range(len(labels)), texts, rotation=90, fontsize=size)
    axes.set_yticks(range(len(labels)), texts, fontsize=size)
    axes.set_title("Correlation of the training rows")
    axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
    if len(labels) <= NUMBERED:
        for (i, j), value in np.ndenumerate(matrix):
            color = "white" if abs(value) > 0.6 else "black"
            axes.text(j, i, f"{round(value, 1) + 0.0:.1f}", ha="center", va="center", color=color, fontsize=8)


def _draw_classes(axes: Axes, data: Data) -> None:
    """How many rows of each split each class has, side by side."""
    colors = {"train": BLUE, "validation": ORANGE, "test": GRAY}
    width = 0.8 / len(data.splits)
    for i, (name, split) in enumerate(data.splits.items()):
        places = np.arange(len(data.classes)) + (i + 0.5) * width - 0.4
        axes.bar(places, class_counts(data, split), width=width, color=colors[name], label=name)
    step = -(-len(data.classes) // 40)
    texts = [short(label, 16) for label in data.classes]
    turned = 90 if max(map(len, texts)) * len(texts) > 50 else 0
    axes.set_xticks(range(0, len(texts), step), texts[::step], rotation=turned)
    axes.set_ylabel("rows")
    axes.set_ylim(0, 1.18 * max(max(class_counts(data, split)) for split in data.splits.values()))
    axes.legend(frameon=False, ncols=3, loc="upper right")


def _draw_samples(axes: Axes, data: Data) -> None:
    """A grid of training images, each class in turn, with a label above each."""
    train, (down, across) = data.splits["train"], GRID
    rows = sampled_rows(train, 4000)
    if data.classes:  # the first of each class, then the second of each, ...
        labels = train.t[rows]
        turn = np.empty(len(rows), int)
        for k in np.unique(labels):
            turn[labels == k] = np.arange(np.count_nonzero(labels == k))
        rows = rows[np.lexsort((labels, turn))]
    rows = rows[: down * across]
    pictures = [as_picture(train.x[row]).astype(np.float64) for row in rows]
    height, width = pictures[0].shape[:2]
    gap = max(height // 3, 3)
    low, high = min(p.min() for p in pictures), max(p.max() for p in pictures)
    mosaic = np.full((down * (height + gap), across * (width + 2), *pictures[0].shape[2:]), high)
    for i, picture in enumerate(pictures):
        top, left = i // across * (height + gap) + gap, i % across * (width + 2)
        mosaic[top : top + height, left : left + width] = picture
        if data.classes:
            text = short(data.classes[train.t[rows[i]]], 7)
            axes.text(left + width / 2, top - 1, text, ha="center", va="bottom", fontsize=8)
    axes.imshow((mosaic - low) / max(high - low, 1e-300), cmap="gray", vmin=0.0, vmax=1.0)
    axes.set_axis_off()


def as_picture(image: Array) -> Array:
    """(H, W) or (C, H, W) as imshow takes it: (H, W) or (H, W, 3)."""
    if image.ndim == 2:
        return image
    return image[0] if len(image) == 1 else image.transpose(1, 2, 0)


def short(text: str, most: int) -> str:
    """A text that fits, with an ellipsis where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
