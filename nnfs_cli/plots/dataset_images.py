"""The picture of a dataset of images: its pixels' values, a sample before and after normalization."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.plots.bars import draw_classes, draw_histogram
from nnfs_cli.plots.images import as_picture, color_range, is_color, stretched
from nnfs_cli.plots.library import Axes, MaxNLocator
from nnfs_cli.plots.mosaic import mosaic, write_above
from nnfs_cli.plots.names import shorten_name
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.preprocessing.augmentation import Augmentation, Augmenter
from nnfs_cli.preprocessing.description import normalized, sampled_rows, target_names
from nnfs_cli.preprocessing.records import Data

BINS = 256
GRID = (4, 10)
AUGMENTED = (4, 12)
"""Rows and columns of the grid of augmented images; the first row holds the originals."""


def draw_images(data: Data, name: str) -> Axes:
    """Pixel values and a sample before and after normalization, labelled samples, rows by class."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    x = train.x[rows]
    y = normalized(x, data.inputs)
    color = is_color(data.input_shape)
    targets = f"Targets of the training rows: {shorten_name(target_names(data)[0], 24)}"
    titles = [
        f"{name}: pixel value distribution",
        f"{name}: pixel value distribution, normalized",
        "A sample before normalization",
        "The sample after normalization" + (", in its own colors" if color else ""),
        "Samples from training, with their labels" if data.classes else "Samples from training",
        "Rows of each class" if data.classes else targets,
    ]
    augment = None if data.augment is None or data.augment.is_identity else data.augment
    if augment is not None:
        titles.append("Augmentation")
    grid = panels(titles, (6.4, 4.4))
    for axes, numbers, label in ((grid[0], x, "Pixel value"), (grid[1], y, "Normalized value")):
        draw_histogram(axes, numbers.reshape(-1), bins=BINS, fewest=BINS, color=BLUE, label=label)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.8)
        axes.set_ylabel("Count (log scale)")
    color_limits = color_range(x) if color else None
    for axes, sample in ((grid[2], x[0]), (grid[3], y[0])):
        if color_limits is None:
            _draw_gray(axes, sample)
        else:
            image = data.inputs.undo(sample) if axes is grid[3] else sample
            axes.imshow(stretched(as_picture(image), *color_limits))
            axes.set_xlabel(f"values from {sample.min():.4g} to {sample.max():.4g}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=False)
    _draw_samples(grid[4], data, color_limits)
    if data.classes:
        draw_classes(grid[5], data)
    else:
        draw_histogram(grid[5], train.t[rows][:, 0], bins=40, color=ORANGE)
        grid[5].set_ylabel("rows")
    if augment is not None:
        places: Any = grid[6].get_subplotspec()
        grid[6].set_subplotspec(places.get_gridspec()[3, :])
        grid[6].set_title(
            "Augmentation: training images and, below each, as training sees it in three epochs"
        )
        _draw_augmented(grid[6], data, augment, color_limits)
    return grid[0]


def _draw_gray(axes: Axes, image: Array) -> None:
    """A picture in gray, with a color bar."""
    axes.figure.colorbar(axes.imshow(as_picture(image), cmap="gray"), ax=axes)


def _draw_samples(axes: Axes, data: Data, color_limits: tuple[float, float] | None) -> None:
    """A grid of training images, one of each class in turn, with labels above.

    color_limits: the values of black and white; by default the least and the largest in the grid.
    """
    train, (down, across) = data.splits["train"], GRID
    rows = rows_of_each_class(data, down * across)
    labels = [data.classes[k] for k in train.t[rows]] if data.classes else []
    _draw_grid(axes, train.x[rows], across, labels, color_limits)


def rows_of_each_class(data: Data, most: int) -> Array:
    """At most `most` training rows: the first of each class, then the second of each, ..."""
    train = data.splits["train"]
    rows = sampled_rows(train, 4000)
    if data.classes:
        labels = train.t[rows]
        turn = np.empty(len(rows), int)
        for k in np.unique(labels):
            turn[labels == k] = np.arange(np.count_nonzero(labels == k))
        rows = rows[np.lexsort((labels, turn))]
    return np.asarray(rows[:most])


def _draw_augmented(
    axes: Axes, data: Data, augment: Augmentation, limits: tuple[float, float] | None
) -> None:
    """Training images in a row and, below each, what augmentation makes of it, as training sees it."""
    train, across = data.splits["train"], AUGMENTED[1]
    x = train.x[rows_of_each_class(data, across)]
    draws, rows = Draws(0), [x]
    for i in range(1, AUGMENTED[0]):
        changed = np.empty(x.shape, np.float64)
        draws.seek(i)
        Augmenter(augment, len(x), x.shape[1:], np.float64, draws)(x, changed)
        rows.append(changed)
    _draw_grid(axes, np.concatenate(rows), len(x), [], limits)


def _draw_grid(
    axes: Axes, x: Array, across: int, labels: Sequence[str], limits: tuple[float, float] | None
) -> None:
    """Images x (N, ...), so many in a row, with labels above."""
    low, high = limits or (float(x.min()), float(x.max()))
    pictures = [stretched(as_picture(image), low, high) for image in x]
    whole, places = mosaic(pictures, across, (max(len(pictures[0]) // 3, 3), 2), fill=1.0)
    axes.imshow(whole, cmap="gray", vmin=0.0, vmax=1.0)
    write_above(axes, places, labels, 7, size=7.5)
    axes.set_axis_off()
