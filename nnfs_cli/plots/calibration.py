"""calibration.png, for classes: whether a confidence of 80 % is right in 80 % of the rows."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.expected_calibration_error import ExpectedCalibrationError, bin_of
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import classification
from nnfs_cli.plots.style import BLUE, GRAY, MARGIN, ORANGE, drawing, ink, new_figure
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.runs.directory import RunDirectory

WIDTH = 6.4


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The share of right rows against their confidence, in the metric's bins, and the rows of each bin."""
    found = classification(run)
    if found is None or not found.arrays.get("probabilities", False):
        return {}
    arrays = found.arrays
    own = [metric for metric in run.config().metrics if isinstance(metric, ExpectedCalibrationError)]
    metric = (*own, ExpectedCalibrationError())[0]
    there = np.isfinite(arrays["p"]).all(axis=1)
    confidence = arrays["p"][there].max(axis=1).astype(np.float64)
    right = (arrays["prediction"] == arrays["target"])[arrays["p_rows"][there]]
    if not len(right):
        return {}
    rows, mean, accuracy = reliability(confidence, right, metric.bins)
    error = float(np.sum(rows * np.abs(accuracy - mean)) / max(rows.sum(), 1))
    with drawing():
        figure = new_figure((WIDTH, 6.6))
        grid = figure.add_gridspec(2, 1, height_ratios=[3, 1])
        axes: Axes = figure.add_subplot(grid[0])
        below: Axes = figure.add_subplot(grid[1], sharex=axes)
        axes.plot([0, 1], [0, 1], "--", color=GRAY, lw=1.4, label="as right as confident")
        there = rows > 0
        axes.vlines(mean[there], mean[there], accuracy[there], color=ORANGE, lw=3.0, label="gap")
        low, high = interval(accuracy[there], rows[there])
        axes.vlines(mean[there], low, high, color=GRAY, lw=1.2, label="95 % interval")
        axes.plot(mean[there], accuracy[there], "o-", color=BLUE, label="rows of a bin")
        axes.set_xlim(min(1 / len(found.classes), 0.98) - 0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("share of right predictions")
        lines = (
            f"{found.id}: is its confidence right?",
            f"{len(right):,} {found.split} rows",
            f"expected calibration error {error:.4f} in {metric.bins} bins",
        )
        axes.set_title("\n".join(wrap_title(line, WIDTH - MARGIN) for line in lines))
        axes.legend(loc="best")
        axes.tick_params(labelbottom=False)
        edges = np.linspace(0.0, 1.0, metric.bins + 1)
        below.stairs(rows, edges, fill=True, color=BLUE, alpha=0.85)
        for value, name, color in (
            (confidence.mean(), "mean confidence", ink()),
            (right.mean(), "accuracy", ORANGE),
        ):
            below.axvline(value, color=color, lw=1.6, ls="--", label=f"{name} {value:.1%}")
        below.set_xlabel("confidence: the probability of the predicted class")
        count_axis(below, "y", "rows")
        below.legend(loc="upper left")
    return {"calibration": axes}


def interval(share: Array, rows: Array) -> tuple[Array, Array]:
    """The ends of the 95 % interval of a share (B,) that was found in so many rows.

    Wilson, 1927, Probable inference, the law of succession, and statistical inference.
    """
    z = 1.96
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half


def reliability(confidence: Array, right: Array, bins: int) -> tuple[Array, Array, Array]:
    """Of each bin the rows, their mean confidence and the share of right ones (0 where it is empty)."""
    which = bin_of(confidence, bins)
    rows = np.bincount(which, minlength=bins)
    sums = (np.bincount(which, each, minlength=bins) for each in (confidence, right.astype(np.float64)))
    mean, accuracy = (each / np.maximum(rows, 1) for each in sums)
    return rows, mean, accuracy
