"""loss.png: the loss by step and by epoch."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE, panels
from nnfs_cli.runs.directory import RunDirectory

SMOOTHING_PARTS = 100
"""The running mean spans 1/SMOOTHING_PARTS of the logged steps, and at least five of them."""


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The loss of each logged step, their running mean, and each epoch's training and validation loss."""
    steps, epochs = run.table("steps.csv"), run.table("epochs.csv")
    if not steps and not epochs:
        return {}
    config = run.config()
    (axes,) = panels([f"{run.id}: loss"], (8.0, 4.8))
    if steps:
        axes.plot(
            steps["step"], steps["loss"], color=GRAY, alpha=0.4, lw=0.6, label="train, each logged step"
        )
    if epochs:
        style = ".-" if len(epochs["step"]) <= 30 else "-"
        axes.plot(epochs["step"], epochs["train_loss"], style, color=BLUE, lw=2.0, label="train, each epoch")
        if "val_loss" in epochs:
            axes.plot(epochs["step"], epochs["val_loss"], style, color=ORANGE, lw=1.6, label="validation")
            mark_best(axes, run, epochs, "step")
    if steps:
        _draw_running_mean(axes, steps["step"], steps["loss"])
    _choose_scale(axes, np.concatenate([t[k] for t, k in ((steps, "loss"), (epochs, "train_loss")) if t]))
    axes.set_xlabel("step")
    axes.set_ylabel(f"loss ({config.loss.type_name})")
    add_epoch_axis(axes, epochs)
    axes.legend()
    return {"loss": axes}


def _draw_running_mean(axes: Axes, step: Array, loss: Array) -> None:
    window = max(len(loss) // SMOOTHING_PARTS, 5)
    if len(loss) >= 4 * window:
        mean = np.convolve(loss, np.full(window, 1.0 / window), mode="valid")
        middle = step[(window - 1) // 2 :][: len(mean)]
        axes.plot(middle, mean, color="black", lw=1.0, label=f"train, mean of {window} logged steps")


def _choose_scale(axes: Axes, values: Array) -> None:
    """A logarithmic axis if the loss is positive and falls by more than a factor of ten."""
    if len(values) and values.min() > 0 and values.max() > 10 * values.min():
        axes.set_yscale("log")


def mark_best(axes: Axes, run: RunDirectory, epochs: dict[str, Array], unit: str) -> None:
    """A dotted line at the epoch whose weights the run keeps."""
    kept = run.summary().get("best")
    best = kept.get("epoch") if isinstance(kept, dict) else None
    if best is not None and best in epochs["epoch"]:
        (where,) = epochs[unit][epochs["epoch"] == best]
        axes.axvline(where, color="black", ls=":", lw=1.2, label=f"best epoch, {best}: the saved weights")


def add_epoch_axis(axes: Axes, epochs: dict[str, Array]) -> None:
    """A second x axis on top, in epochs."""
    if epochs:
        steps_per_epoch = epochs["step"][0] / epochs["epoch"][0]
        axes.secondary_xaxis(
            "top", functions=(lambda step: step / steps_per_epoch, lambda epoch: epoch * steps_per_epoch)
        ).set_xlabel("epoch")
