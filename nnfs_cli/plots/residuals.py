"""residuals.png, for regression: what predictions miss, as a histogram and against normal quantiles."""

from statistics import NormalDist
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.bars import draw_histogram
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import Predicted, regression
from nnfs_cli.plots.style import BLUE, GRAY, MARGIN, ORANGE, drawing, ink, new_figure
from nnfs_cli.plots.ticks import number_axis
from nnfs_cli.runs.directory import RunDirectory

MOST_TARGETS, BINS = 4, 40
SIZE = (8.4, 7.2)


def draw(run: RunDirectory) -> dict[str, Axes]:
    """For each target, the worst first: residuals by prediction, their histogram, and their Q-Q plot."""
    found = regression(run)
    if found is None:
        return {}
    shown, names = worst_first(found)[:MOST_TARGETS], found.target_names()
    across = min(len(shown), 2)
    down = -(-len(shown) // across)
    with drawing():
        figure: Any = new_figure((SIZE[0] * across, SIZE[1] * down))
        parts = np.ravel(figure.subfigures(down, across, squeeze=False))
        tops: list[Axes] = []
        for part, m in zip(parts, shown, strict=False):
            grid = part.subplot_mosaic([["by", "by"], ["histogram", "quantiles"]])
            target, prediction = found.arrays["target"][:, m], found.arrays["prediction"][:, m]
            _draw_target(grid, prediction, target - prediction, names[m])
            of = f", {names[m]}" if len(names) > 1 else ""
            title = f"{found.id}: residuals of {len(target):,} {found.split} rows{of}"
            grid["by"].set_title(wrap_title(title, SIZE[0] - MARGIN))
            tops.append(grid["by"])
    say_left_out(figure, len(shown), len(names))
    return {"residuals": tops[0]}


def worst_first(found: Predicted) -> list[int]:
    """The numbers of the targets, the one with the lowest R² first."""
    target, prediction = found.arrays["target"], found.arrays["prediction"]
    with np.errstate(all="ignore"):
        missed = np.square(target - prediction).mean(axis=0) / target.var(axis=0)
    order = np.argsort(-np.nan_to_num(missed, nan=np.inf), kind="stable")
    return [int(m) for m in order]


def say_left_out(figure: Any, shown: int, of: int) -> None:
    """Say in a figure that only some targets are shown."""
    if shown < of:
        figure.suptitle(
            f"the {shown} of {of} targets with the lowest R²; the others are left out", fontsize=11
        )


def normal_quantiles(count: int) -> Array:
    """The places (count,) of so many sorted normal numbers, at (i - 0.5) / count (Hazen, 1914)."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse((i + 0.5) / count) for i in range(count)])


def _draw_target(grid: dict[str, Axes], prediction: Array, residual: Array, name: str) -> None:
    by_prediction, histogram, quantiles = (grid[name] for name in ("by", "histogram", "quantiles"))
    finite = np.isfinite(residual)
    prediction, residual = prediction[finite], residual[finite]
    label = f"{name}: true - predicted"
    by_prediction.axhline(0.0, color=ink(), lw=1.2)
    by_prediction.scatter(prediction, residual, s=14, color=BLUE, alpha=0.6, edgecolors="none")
    by_prediction.set_xlabel(f"{name}: predicted")
    by_prediction.set_ylabel(label)
    if not len(residual):
        return
    mean, spread = float(residual.mean()), float(residual.std())
    draw_histogram(histogram, residual, bins=BINS, color=BLUE, label=label)
    histogram.set_ylabel("rows")
    histogram.axvline(0.0, color=ink(), lw=1.2)
    histogram.axvline(mean, color=ORANGE, lw=1.8, ls="--", label=f"mean {mean:.3g}, std {spread:.3g}")
    histogram.legend()
    places = normal_quantiles(len(residual))
    ends = places[[0, -1]]
    quantiles.plot(ends, mean + spread * ends, color=ORANGE, lw=1.8, ls="--", label="if they were normal")
    quantiles.plot(places, np.sort(residual), "o", ms=4, color=BLUE, alpha=0.7, mew=0, label="residuals")
    quantiles.set_xlabel("normal quantile")
    quantiles.set_ylabel(label)
    quantiles.legend(loc="upper left")
    for axes in (by_prediction, quantiles):
        number_axis(axes)
    if len(residual) < 3:
        quantiles.text(0.5, 0.1, f"only {len(residual)} rows", transform=quantiles.transAxes, color=GRAY)
