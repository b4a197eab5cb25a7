"""surface.png, for a regression of two inputs: its predictions over their plane, with the rows in it."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import diverging
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.predicted import regression
from nnfs_cli.plots.residuals import say_left_out, worst_first
from nnfs_cli.plots.style import GRAY, panels, paper
from nnfs_cli.runs.directory import RunDirectory

MOST_TARGETS, MOST_POINTS, MOST_LETTERS, LEVELS = 3, 2000, 24, 12
COLORS = "viridis"


def draw(run: RunDirectory) -> dict[str, Axes]:
    """For each target the predicted surface with rows in their true color, and the rows' residuals."""
    found = regression(run)
    if found is None or "grid_value" not in found.arrays:
        return {}
    arrays, names = found.arrays, found.target_names()
    drawn = arrays["grid_value"].shape[2]
    shown = [m for m in worst_first(found) if m < drawn][:MOST_TARGETS]
    titles = []
    for m in shown:
        of = f", {names[m]}" if len(names) > 1 else ""
        titles += [f"{found.id}: predicted surface, {found.split} rows on it{of}", f"Residuals{of}"]
    grid = panels(titles, (5.8, 4.8))
    some = np.linspace(0, len(arrays["x"]) - 1, min(len(arrays["x"]), MOST_POINTS)).astype(np.intp)
    x, target, prediction = arrays["x"][some], arrays["target"][some], arrays["prediction"][some]
    for row, m in enumerate(shown):
        left, right = grid[2 * row : 2 * row + 2]
        limits = value_limits(arrays["grid_value"][..., m], target[:, m])
        draw_surface(left, arrays, arrays["grid_value"][..., m], limits, label=names[m])
        draw_points(left, x, target[:, m], limits)
        residual = target[:, m] - prediction[:, m]
        most = float(np.nanmax(np.abs(residual))) or 1.0
        look: Any = {"cmap": diverging(), "vmin": -most, "vmax": most, "edgecolors": GRAY, "lw": 0.5}
        points = right.scatter(x[:, 0], x[:, 1], c=residual, s=28, **look)
        figure: Any = right.figure
        figure.colorbar(points, ax=right, label=f"{names[m]}: true - predicted")
        right.set_xlim(left.get_xlim())
        right.set_ylim(left.get_ylim())
        for axes in (left, right):
            axes.set_xlabel(found.input_names(MOST_LETTERS)[0])
            axes.set_ylabel(found.input_names(MOST_LETTERS)[1])
    say_left_out(grid[0].figure, len(shown), len(names))
    return {"surface": grid[0]}


def value_limits(surface: Array, target: Array) -> tuple[float, float]:
    """The least and the largest value of a surface and of targets, so that both have one color scale."""
    both = np.concatenate([np.ravel(surface), np.ravel(target)])
    both = both[np.isfinite(both)]
    return (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)


def draw_surface(
    axes: Axes, arrays: dict[str, Array], surface: Array, limits: tuple[float, float], label: str = ""
) -> None:
    """A surface (G, G) over grid_x and grid_y in color and contours; with a color bar if it has a label."""
    grid_x, grid_y = arrays["grid_x"], arrays["grid_y"]
    image = axes.imshow(
        surface,
        extent=(grid_x[0], grid_x[-1], grid_y[0], grid_y[-1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=COLORS,
        vmin=limits[0],
        vmax=limits[1],
    )
    if np.isfinite(surface).all() and np.ptp(surface) > 0:
        axes.contour(grid_x, grid_y, surface, levels=LEVELS, colors="white", linewidths=0.6, alpha=0.6)
    axes.grid(visible=False)
    if label:
        figure: Any = axes.figure
        figure.colorbar(image, ax=axes, label=label)


def draw_points(axes: Axes, x: Array, target: Array, limits: tuple[float, float], size: float = 28) -> None:
    """Rows x (n, 2) in the color of their targets (n,), on the scale of the surface."""
    look: Any = {"cmap": COLORS, "vmin": limits[0], "vmax": limits[1], "edgecolors": paper(), "lw": 0.8}
    axes.scatter(x[:, 0], x[:, 1], c=target, s=size, **look)
