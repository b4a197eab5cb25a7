"""predictions.png, for regression: the fitted curve over the data, or predicted against true."""

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import BLUE, GRAY, GREEN, ORANGE, panels
from nnfs_cli.runs.directory import RunDirectory

MOST_OUTPUTS, MOST_LETTERS = 12, 24


def draw(run: RunDirectory) -> dict[str, Axes]:
    """For one input the curve of each output; for more, each output against its target."""
    summary = run.summary()
    if summary.get("task") != "regression" or not run.has("predictions.npz"):
        return {}
    arrays = run.arrays("predictions.npz")
    split = summary["pictured_split"]
    outputs = arrays["target"].shape[1]
    shown = min(outputs, MOST_OUTPUTS)
    which = [f", {name}" for name in _names(run, outputs)[:shown]] if outputs > 1 else [""]
    curve = "curve_x" in arrays
    title = (
        f"{run.id}: fit of the {split} rows" if curve else f"{run.id}: predicted against true, {split} rows"
    )
    grid = panels([title + output for output in which], (8.0, 4.8) if curve else (5.6, 5.2))
    for m, axes in enumerate(grid):
        if curve:
            named = {name: array for name, array in arrays.items() if not name.startswith("example_")}
            _draw_curve(axes, {name: array[:, min(m, array.shape[1] - 1)] for name, array in named.items()})
        else:
            _draw_diagonal(axes, arrays["target"][:, m], arrays["prediction"][:, m])
        axes.legend()
    return {"predictions": grid[0]}


def _names(run: RunDirectory, outputs: int) -> list[str]:
    """What the targets are called, short enough for a title."""
    names = run.preparation().target_names if run.has("preparation.json") else ()
    return (
        shorten_names(names, MOST_LETTERS)
        if len(names) == outputs
        else [f"output {m}" for m in range(outputs)]
    )


def _draw_curve(axes: Axes, column: dict[str, Array]) -> None:
    axes.scatter(column["x"], column["target"], s=14, color=GRAY, alpha=0.7, label="data")
    axes.plot(column["curve_x"], column["curve_prediction"], color=ORANGE, lw=2.4, label="prediction")
    if "curve_truth" in column:
        axes.plot(
            column["curve_x"], column["curve_truth"], "--", color="black", lw=1.0, label="truth without noise"
        )
    axes.set_xlabel("input x")
    axes.set_ylabel("target")


def _draw_diagonal(axes: Axes, target: Array, prediction: Array) -> None:
    low, high = min(target.min(), prediction.min()), max(target.max(), prediction.max())
    axes.plot([low, high], [low, high], "--", color=GREEN, lw=1.4, label="prediction = target")
    axes.scatter(target, prediction, s=12, color=BLUE, alpha=0.5, label="rows")
    axes.set_xlabel("target")
    axes.set_ylabel("prediction")
    axes.set_aspect("equal", adjustable="datalim")
