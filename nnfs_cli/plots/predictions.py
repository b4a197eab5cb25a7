"""predictions.png, for regression: the fitted curve with its residuals, or predicted against true."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import Predicted, regression
from nnfs_cli.plots.residuals import say_left_out, worst_first
from nnfs_cli.plots.style import BLUE, GRAY, GREEN, MARGIN, ORANGE, drawing, ink, new_figure, panels
from nnfs_cli.runs.directory import RunDirectory

MOST_TARGETS, MOST_CURVES = 6, 4


def draw(run: RunDirectory) -> dict[str, Axes]:
    """For one input the curve of each target; for more, each prediction against its target.

    Of many targets those with the lowest R² are drawn.
    """
    found = regression(run)
    if found is None:
        return {}
    curves = "curve_x" in found.arrays
    shown = worst_first(found)[: MOST_CURVES if curves else MOST_TARGETS]
    axes = _draw_curves(found, shown) if curves else _draw_diagonals(found, shown)
    say_left_out(axes.get_figure(root=True), len(shown), len(found.target_names()))
    return {"predictions": axes}


def _draw_curves(found: Predicted, shown: list[int]) -> Axes:
    """For each target the data with the curve, and below what the curve misses."""
    names, several = found.target_names(), len(found.target_names()) > 1
    across = min(len(shown), 2)
    down = -(-len(shown) // across)
    with drawing():
        figure: Any = new_figure((8.0 if across == 1 else 13.0, 6.4 * down))
        parts = np.ravel(figure.subfigures(down, across, squeeze=False))
        tops: list[Axes] = []
        for part, m in zip(parts, shown, strict=False):
            above, below = part.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
            title = f"{found.id}: fit of the {found.split} rows{f', {names[m]}' if several else ''}"
            above.set_title(wrap_title(title, 8.0 / across + 2.0 - MARGIN))
            _draw_curve(above, below, {n: _column(a, m) for n, a in found.arrays.items() if a.ndim == 2})
            above.set_ylabel(names[m])
            below.set_ylabel("true - predicted")
            below.set_xlabel(found.input_names()[0])
            tops.append(above)
        return tops[0]


def _column(array: Array, m: int) -> Array:
    return array[:, min(m, array.shape[1] - 1)]


def _draw_curve(above: Axes, below: Axes, column: dict[str, Array]) -> None:
    x, target, prediction = column["x"], column["target"], column["prediction"]
    above.scatter(x, target, s=16, color=GRAY, alpha=0.8, edgecolors="none", label="data")
    if "curve_truth" in column:
        above.plot(
            column["curve_x"],
            column["curve_truth"],
            ls=(0, (5, 2)),
            color=ink(),
            lw=1.4,
            label="truth without noise",
        )
    above.plot(column["curve_x"], column["curve_prediction"], color=ORANGE, lw=2.4, label="prediction")
    residual = target - prediction
    below.axhline(0.0, color=ORANGE, lw=2.0)
    below.vlines(x, 0.0, residual, color=GRAY, lw=0.8, alpha=0.6)
    below.scatter(x, residual, s=12, color=GRAY, edgecolors="none")
    rmse = float(np.sqrt(np.square(residual).mean()))
    above.legend(title=f"RMSE {rmse:.3g}")


def _draw_diagonals(found: Predicted, shown: list[int]) -> Axes:
    names = found.target_names()
    where = [f"{found.id}: predicted against true, {found.split} rows"]
    titles = where if len(names) == 1 else [f"{where[0]}, {names[m]}" for m in shown]
    size = (5.8, 5.4) if len(shown) == 1 else (5.0, 4.8)
    grid = panels(titles, size, columns=3 if len(shown) > 4 else 2)
    for axes, m in zip(grid, shown, strict=True):
        _draw_diagonal(axes, found.arrays["target"][:, m], found.arrays["prediction"][:, m])
        axes.set_xlabel(f"{names[m]}: true")
        axes.set_ylabel(f"{names[m]}: predicted")
    return grid[0]


def _draw_diagonal(axes: Axes, target: Array, prediction: Array) -> None:
    finite = np.isfinite(prediction)
    both = np.concatenate([target, prediction[finite]])
    low, high = float(both.min()), float(both.max())
    axes.plot([low, high], [low, high], "--", color=GREEN, lw=1.6, label="predicted = true")
    axes.scatter(target, prediction, s=16, color=BLUE, alpha=0.55, edgecolors="none", label="rows")
    axes.set_aspect("equal", adjustable="datalim")
    residual = (target - prediction)[finite]
    spread = float(np.square(target - target.mean()).sum())
    score = f"R² {1 - float(np.square(residual).sum()) / spread:.3f}" if spread else "R² undefined"
    lost = len(target) - np.count_nonzero(finite)
    axes.legend(title=score + (f"\n{lost:,} predictions are no finite numbers" if lost else ""))
