"""Many small pictures in one."""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names


def mosaic(
    pictures: Sequence[Array] | Array, across: int, gap: tuple[int, int] = (1, 1), fill: float = np.nan
) -> tuple[Array, list[tuple[float, float]]]:
    """Pictures (H, W) or (H, W, 3), so many in a row, as one; and the middle of each one's upper edge.

    gap: pixels above and left of each.   fill: what is between them; not-a-number shows the paper.
    """
    height, width, *colors = pictures[0].shape
    down, tall, wide = -(-len(pictures) // across), height + gap[0], width + gap[1]
    whole = np.full((down * tall, min(across, len(pictures)) * wide, *colors), fill)
    places = []
    for i, picture in enumerate(pictures):
        top, left = i // across * tall + gap[0], i % across * wide + gap[1]
        whole[top : top + height, left : left + width] = picture
        places.append((left + (width - 1) / 2, top - 0.5))
    return whole, places


def write_above(
    axes: Axes, places: Sequence[tuple[float, float]], names: Sequence[str], most: int = 9, size: float = 8
) -> None:
    """Write a name above each picture of a mosaic."""
    for (x, y), name in zip(places, shorten_names(names, most), strict=False):
        axes.text(x, y, name, ha="center", va="bottom", fontsize=size)
