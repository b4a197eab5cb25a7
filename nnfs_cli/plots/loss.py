"""loss: the loss by step and by epoch."""

from typing import Any

from nnfs_cli.plots.history import History, add_epoch_axis, mark_events
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale, mark_strays, outline, stretch_means
from nnfs_cli.plots.logged import LoggedLosses
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE, panels, paper
from nnfs_cli.runs.directory import RunDirectory

MEANS = 120
"""The most means of stretches of steps; the epochs' means take their place where these are as many."""

FEW_STEPS, FEW_BARS = 150, 8


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The loss of each logged step, the mean of each epoch in its middle, and validation at its end."""
    history = History(run)
    steps, epochs = history.steps, history.epochs
    if not steps and not epochs:
        return {}
    (axes,) = panels([f"{run.id}: loss"], (8.0, 5.0))
    curves = []
    if steps:
        x, y = steps.curve
        curves.append(("step" if steps.size == 1 else "place", x, y, GRAY))
        few = len(x) <= FEW_STEPS
        look: dict[str, Any] = {"alpha": 0.9, "lw": 1.2} if few else {"alpha": 0.45, "lw": 0.8}
        look["marker"] = "o" if len(x) == 1 else ""  # a line needs two
        axes.plot(*outline(x, y), color=GRAY, label="train, logged steps", **look)
        _draw_means(axes, steps, len(epochs.get("step", ())))
    if epochs:
        curves.append(("epoch", history.middles, epochs["train_loss"], BLUE))
        _draw_epochs(axes, history)
        if "val_loss" in epochs:
            x, y = epochs["step"], epochs["val_loss"]
            curves.append(("epoch", x, y, ORANGE))
            axes.plot(*outline(x, y), history.markers, color=ORANGE, ms=9, label="validation, end of epoch")
    limits = fit_scale(axes, [y for _, _, y, _ in curves], log=True)
    for what, x, y, color in curves:
        mark_strays(axes, x, y, limits, what, color)
    mark_events(axes, history, "step")
    axes.set_xlim(left=0.0)
    axes.set_ylabel(history.loss_label)
    add_epoch_axis(axes, history)
    axes.legend()
    return {"loss": axes}


def _draw_epochs(axes: Axes, history: History) -> None:
    """The mean of each epoch in its middle; of a few epochs also a bar over the steps that it is of."""
    x, y = history.middles, history.epochs["train_loss"]
    if len(x) <= FEW_BARS:
        ends = history.epochs["step"]
        axes.hlines(y, 2 * x - ends, ends, color=BLUE, lw=2.0, alpha=0.5)
    else:  # the paper's color keeps the line apart from the steps below it
        axes.plot(*outline(x, y), color=paper(), lw=4.0, alpha=0.8)
    axes.plot(*outline(x, y), history.markers, color=BLUE, ms=9, label="train, mean of epoch")


def _draw_means(axes: Axes, steps: LoggedLosses, epochs: int) -> None:
    """The means of stretches of steps, where an epoch has at least four of them."""
    count = len(steps.step)
    size = max(count // MEANS, 5)
    if 4 * size <= count and 4 * epochs * size <= count:
        x, y = stretch_means(steps.step, steps.mean, size)
        label = f"train, means of {size * steps.size:,} logged steps"
        axes.plot(x, y, color=BLUE, lw=1.2, alpha=0.8, label=label)
