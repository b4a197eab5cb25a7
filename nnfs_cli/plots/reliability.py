"""reliability.png, for classes: how often the network is right, against how sure it is."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import likeliest
from nnfs_cli.metrics.expected_calibration_error import ExpectedCalibrationError, bin_of
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import wrap_title
from nnfs_cli.plots.predicted import predicted
from nnfs_cli.plots.style import BLUE, GRAY, MARGIN, ORANGE, drawing, ink, new_figure
from nnfs_cli.plots.ticks import log_axis
from nnfs_cli.runs.directory import RunDirectory

WIDTH = 6.6


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Accuracy by confidence (Guo et al., 2017), with the expected calibration error, and rows by confidence.

    The bins are those of the config's metric, or else of the metric's defaults.
    """
    found = predicted(run, "classification")
    if found is None or not found.some or not found.arrays["probabilities"]:
        return {}
    p, target = found.some["p"], found.some["target"]
    if not len(p):
        return {}
    metrics = run.config().metrics
    metric = next((m for m in metrics if isinstance(m, ExpectedCalibrationError)), ExpectedCalibrationError())
    rows, confidence, accuracy = reliability(p, target, metric.bins)
    error = metric(p, target)
    with drawing():
        figure: Any = new_figure((WIDTH, 6.8))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    title = f"{found.id}: reliability of {len(p):,} {found.split} rows"
    above.set_title(wrap_title(title, WIDTH - MARGIN))
    some = rows > 0
    middles, width = (np.arange(metric.bins) + 0.5) / metric.bins, 1 / metric.bins
    above.plot([0, 1], [0, 1], "--", color=ink(), lw=1.4, label="as right as it is sure")
    above.bar(middles[some], accuracy[some], 0.9 * width, color=BLUE, label="accuracy")
    above.bar(
        middles[some],
        (confidence - accuracy)[some],
        0.9 * width,
        bottom=accuracy[some],
        facecolor="none",
        edgecolor=ORANGE,
        hatch="///",
        lw=1.2,
        label="gap to the mean confidence",
    )
    above.set_ylabel("accuracy")
    above.set_ylim(0, 1.03)
    above.legend(loc="upper left", title=f"expected calibration error {error:.3g}")
    below.bar(middles, rows, 0.9 * width, color=GRAY)
    if rows.max() > 100 * max(np.median(rows[some]), 1):
        log_axis(below)
    for place, count in zip(middles[some], rows[some], strict=True):
        below.text(place, count, f"{count:,}", ha="center", va="bottom", fontsize=8)
    below.margins(y=0.25)
    below.set_ylabel("rows")
    below.set_xlabel(f"confidence: the largest probability, in {metric.bins} bins")
    below.set_xlim(0, 1)
    return {"reliability": above}


def reliability(p: Array, target: Array, bins: int) -> tuple[Array, Array, Array]:
    """For each bin (bins,): its rows, their mean confidence, and their accuracy; 0 where it has no rows."""
    confidence = p.max(axis=1).astype(np.float64)
    which = bin_of(confidence, bins)
    rows = np.bincount(which, minlength=bins)
    sums = (np.bincount(which, w, bins) for w in (confidence, likeliest(p) == target))
    mean, accuracy = (total / np.maximum(rows, 1) for total in sums)
    return rows, mean, accuracy
