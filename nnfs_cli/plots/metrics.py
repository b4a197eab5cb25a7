"""metrics.png: every metric by epoch."""

from nnfs_cli.plots.library import Axes, MaxNLocator
from nnfs_cli.plots.loss import mark_best
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.runs.directory import RunDirectory


def draw(run: RunDirectory) -> dict[str, Axes]:
    """One panel per metric: its training scores and, if there are any, validation scores."""
    epochs = run.table("epochs.csv")
    columns = [column for column in epochs if column.startswith("train_") and column != "train_loss"]
    names = [column.removeprefix("train_") for column in columns]
    if not names:
        return {}
    grid = panels([f"{run.id}: {name}" for name in names], (5.6, 4.2))
    for axes, name in zip(grid, names, strict=True):
        style = ".-" if len(epochs["epoch"]) <= 30 else "-"
        axes.plot(epochs["epoch"], epochs[f"train_{name}"], style, color=BLUE, lw=1.6, label="train")
        if f"val_{name}" in epochs:
            axes.plot(epochs["epoch"], epochs[f"val_{name}"], style, color=ORANGE, lw=1.6, label="validation")
            mark_best(axes, run, epochs, "epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.legend()
    return {"metrics": grid[0]}
