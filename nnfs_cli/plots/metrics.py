"""metrics: every metric by epoch."""

import numpy as np

from nnfs_cli.plots.history import History, mark_events
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale, mark_strays, outline
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.runs.directory import RunDirectory


def draw(run: RunDirectory) -> dict[str, Axes]:
    """One panel per metric: of training over an epoch's steps, in its middle; of validation at its end."""
    history = History(run)
    epochs = history.epochs
    columns = [column for column in epochs if column.startswith("train_") and column != "train_loss"]
    names = [column.removeprefix("train_") for column in columns]
    if not names:
        return {}
    grid = panels([f"{run.id}: {name}" for name in names], (5.8, 4.4), columns=2 if len(names) <= 6 else 3)
    for axes, name in zip(grid, names, strict=True):
        _draw_metric(axes, history, name)
    return {"metrics": grid[0]}


def _draw_metric(axes: Axes, history: History, name: str) -> None:
    epochs, epoch = history.epochs, history.epochs["epoch"]
    curves = [(epoch - 0.5, epochs[f"train_{name}"], BLUE, "train, over the epoch")]
    if f"val_{name}" in epochs:
        curves.append((epoch, epochs[f"val_{name}"], ORANGE, "validation, end of epoch"))
    for x, y, color, label in curves:
        axes.plot(*outline(x, y), history.markers, color=color, ms=9, label=label)
    limits = fit_scale(axes, [y for _, y, _, _ in curves], log=False)
    for x, y, color, _ in curves:
        mark_strays(axes, x, y, limits, "epoch", color)
    if not any(np.isfinite(y).any() for _, y, _, _ in curves):
        axes.text(0.5, 0.5, "undefined in every epoch", ha="center", transform=axes.transAxes)
    mark_events(axes, history, "epoch")
    axes.set_xlim(left=0.0)
    count_axis(axes, name="epoch")
    axes.set_ylabel(name)
    axes.legend()
