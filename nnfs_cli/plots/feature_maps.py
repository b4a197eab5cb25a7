"""feature_maps.png: what each layer of images makes of one row."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, sides
from nnfs_cli.plots.colors import diverging, sequential
from nnfs_cli.plots.images import as_picture, color_range, stretched
from nnfs_cli.plots.inside import inside
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.mosaic import mosaic
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.saliency import said_of
from nnfs_cli.plots.style import drawing, new_figure
from nnfs_cli.runs.directory import RunDirectory

ACROSS = 12
WIDTH, ROW_HEIGHT = 9.0, 0.82


def draw(run: RunDirectory) -> dict[str, Axes]:
    """A row of channels for each layer, below the row's own picture; each layer has a scale of its own."""
    arrays = inside(run)
    maps = {key.removeprefix("maps/"): array for key, array in arrays.items() if key.startswith("maps/")}
    if not maps:
        return {}
    with drawing():
        figure: Any = new_figure((WIDTH, 1.2 + ROW_HEIGHT * (len(maps) + 1)))
        grid = [figure.add_subplot(len(maps) + 1, 1, i + 1) for i in range(len(maps) + 1)]
        _draw_row(grid[0], arrays["x"])
        grid[0].set_ylabel("input")
        for axes, (name, channels) in zip(grid[1:], maps.items(), strict=True):
            _draw_maps(axes, name, channels)
        for axes in grid:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            axes.grid(visible=False)
            axes.yaxis.label.set(rotation=0, ha="right", va="center", fontsize=10)
        few = f"; the first {ACROSS} channels" if max(map(len, maps.values())) > ACROSS else ""
        title = f"{run.id}: feature maps of row {arrays['rows'][0]} ({said_of(run, arrays)[0]}){few}"
        figure.suptitle(wrap_title(title, WIDTH), x=0.01, ha="left", fontsize=13)
    return {"feature_maps": grid[-1]}


def _draw_row(axes: Axes, x: Array) -> None:
    """The first of rows x (N, ...) as a picture; one that is flat has a line for all its numbers."""
    row = x[0] if x.ndim > 2 else x[0][None]
    axes.imshow(stretched(as_picture(row), *color_range(x)), cmap="gray", vmin=0.0, vmax=1.0)
    axes.set_anchor("W")


def _draw_maps(axes: Axes, name: str, channels: Array) -> None:
    """The first channels (C, H, W) of a layer's output side by side, from its least to its largest number."""
    shown = channels[:ACROSS]
    whole, _ = mosaic(shown, ACROSS, (0, max(shown.shape[2] // 12, 1)))
    low, high = float(shown.min()), float(shown.max())
    if low < 0.0:
        low, high = -max(-low, high), max(-low, high)
    axes.imshow(whole, cmap=diverging() if low < 0.0 else sequential(), vmin=low, vmax=high, aspect="equal")
    axes.set_anchor("W")
    size = sides(channels.shape[1:])
    axes.set_ylabel(f"{name}\n{size}, {_number(shown.min())} to {_number(shown.max())}")


def _number(value: float) -> str:
    return f"{np.round(value, 2):g}"
