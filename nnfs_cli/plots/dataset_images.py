"""The picture of a dataset of images: its pixels' values, a sample before and after normalization."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.bars import draw_classes, draw_histogram
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name, shorten_names
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.preprocessing.description import normalized, sampled_rows, target_names
from nnfs_cli.preprocessing.records import Data

BINS = 256
GRID = (4, 10)


def draw_images(data: Data, name: str) -> Axes:
    """Pixel values and a sample before and after normalization, labelled samples, rows by class."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    x = train.x[rows]
    y = normalized(x, data.inputs)
    color = is_color(data)
    targets = f"Targets of the training rows: {shorten_name(target_names(data)[0], 24)}"
    titles = [
        f"{name}: pixel value distribution",
        f"{name}: pixel value distribution, normalized",
        "A sample before normalization",
        "The sample after normalization" + (", in its own colors" if color else ""),
        "Samples from training, with their labels" if data.classes else "Samples from training",
        "Rows of each class" if data.classes else targets,
    ]
    grid = panels(titles, (6.4, 4.4))
    for axes, numbers, label in ((grid[0], x, "Pixel value"), (grid[1], y, "Normalized value")):
        draw_histogram(axes, numbers.reshape(-1), bins=BINS, color=BLUE, label=label)
        axes.set_yscale("log")
        axes.set_ylabel("Count (log scale)")
    color_limits = color_range(x) if color else None
    for axes, sample in ((grid[2], x[0]), (grid[3], y[0])):
        if color_limits is None:
            _draw_gray(axes, sample)
        else:
            image = data.inputs.undo(sample) if axes is grid[3] else sample
            axes.imshow(stretched(as_picture(image), *color_limits))
            axes.set_xlabel(f"values from {sample.min():.4g} to {sample.max():.4g}")
        axes.grid(visible=False)
    _draw_samples(grid[4], data, color_limits)
    if data.classes:
        draw_classes(grid[5], data)
    else:
        draw_histogram(grid[5], train.t[rows][:, 0], bins=40, color=ORANGE)
        grid[5].set_ylabel("rows")
    return grid[0]


def is_color(data: Data) -> bool:
    """Whether images (C, H, W) are red, green and blue."""
    return len(data.input_shape) == 3 and data.input_shape[0] == 3


def color_range(x: Array) -> tuple[float, float]:
    """The values of black and of full color in images x: the first usual range that holds all pixels."""
    low, high = float(x.min()), float(x.max())
    if x.dtype == np.uint8:
        return 0.0, 255.0
    for usual in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if usual[0] <= low and high <= usual[1]:
            return usual
    return min(low, 0.0), high


def stretched(picture: Array, low: float, high: float) -> Array:
    """A picture rescaled from [low, high] to [0, 1], in float64."""
    shown = (picture.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.clip(shown, 0.0, 1.0))  # rounding may leave [0, 1]


def as_picture(image: Array) -> Array:
    """(H, W) or (C, H, W) as imshow takes it: (H, W) or (H, W, 3)."""
    if image.ndim == 2:
        return image
    return image[0] if len(image) == 1 else image.transpose(1, 2, 0)


def _draw_gray(axes: Axes, image: Array) -> None:
    """A picture in gray, with a color bar."""
    axes.figure.colorbar(axes.imshow(as_picture(image), cmap="gray"), ax=axes)


def _draw_samples(axes: Axes, data: Data, color_limits: tuple[float, float] | None) -> None:
    """A grid of training images, one of each class in turn, with labels above.

    color_limits: the values of black and white; by default the least and the largest in the grid.
    """
    train, (down, across) = data.splits["train"], GRID
    rows = sampled_rows(train, 4000)
    if data.classes:  # the first of each class, then the second of each, ...
        labels = train.t[rows]
        turn = np.empty(len(rows), int)
        for k in np.unique(labels):
            turn[labels == k] = np.arange(np.count_nonzero(labels == k))
        rows = rows[np.lexsort((labels, turn))]
    rows = rows[: down * across]
    pictures = [as_picture(train.x[row]) for row in rows]
    low, high = color_limits or (
        float(min(p.min() for p in pictures)),
        float(max(p.max() for p in pictures)),
    )
    height, width = pictures[0].shape[:2]
    gap = max(height // 3, 3)
    mosaic = np.ones((down * (height + gap), across * (width + 2), *pictures[0].shape[2:]))
    texts = shorten_names([data.classes[k] for k in train.t[rows]] if data.classes else [], 7)
    for i, picture in enumerate(pictures):
        top, left = i // across * (height + gap) + gap, i % across * (width + 2)
        mosaic[top : top + height, left : left + width] = stretched(picture, low, high)
        if texts:
            axes.text(left + width / 2, top - 1, texts[i], ha="center", va="bottom", fontsize=8)
    axes.imshow(mosaic, cmap="gray", vmin=0.0, vmax=1.0)
    axes.set_axis_off()
