"""What a run recorded of its training, and how its pictures say what happened."""

import math
from functools import cached_property
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.trust import UntrustedError
from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.logged import LoggedLosses, logged_losses
from nnfs_cli.plots.style import GRAY, ink
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.runs.directory import RunDirectory

STEPS = "steps.csv"
FEW_EPOCHS = 30
"""Up to this many epochs each one is a dot on its line."""


class History:
    """A run's training.

    steps: the losses in steps.csv; None where nothing is recorded.
    epochs: the columns of epochs.csv; {} where nothing is recorded.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    @cached_property
    def steps(self) -> LoggedLosses | None:
        return logged_losses(self.run.rows(STEPS)) if self.run.has(STEPS) else None

    @cached_property
    def epochs(self) -> dict[str, Array]:
        return self.run.table("epochs.csv")

    @cached_property
    def summary(self) -> dict[str, Any]:
        return self.run.summary()

    @cached_property
    def config(self) -> ExperimentConfig:
        return self.run.config()

    @property
    def loss_label(self) -> str:
        """`loss (mse)`; without the name where the config is not read, since its plugins may not run."""
        try:
            return f"loss ({self.config.loss.type_name})"
        except UntrustedError:
            return "loss"

    @property
    def steps_per_epoch(self) -> int:
        if self.epochs:
            return round(float(self.epochs["step"][0] / self.epochs["epoch"][0]))
        training = self.config.training
        rows = int(self.summary["rows"]["train"])
        return math.ceil(rows / (training.batch_size * training.accumulate))

    @property
    def middles(self) -> Array:
        """The step in the middle of each epoch, (E,): an epoch's mean loss is that of its steps."""
        ends = self.epochs["step"]
        return np.asarray(ends + np.concatenate([[ends[0] - self.steps_per_epoch], ends[:-1]]) + 1) / 2

    @property
    def markers(self) -> str:
        """The format of a curve over epochs."""
        return ".-" if len(self.epochs["step"]) <= FEW_EPOCHS else "-"

    @property
    def ending(self) -> str:
        """How the training ended, in words; nothing if it simply took all its epochs."""
        summary = self.summary
        done, planned = summary.get("epochs", 0), summary.get("epochs_planned", 0)
        endings = {
            "completed": f"stopped early after epoch {done:,} of {planned:,}"
            if summary.get("stopped_early")
            else "",
            "interrupted": f"interrupted in epoch {done + 1:,} of {planned:,}",
            "paused": f"left by its study after epoch {done:,} of {planned:,}",
            "diverged": f"diverged in epoch {done + 1:,}, after step {summary.get('steps', 0):,}",
            "running": "not finished: it is running",
            "died": "not finished: its process is gone",
            "failed": "failed",
        }
        return endings.get(summary.get("status", ""), "")

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights the run keeps; 0 if there is none."""
        best = self.summary.get("best")
        found = best.get("epoch") if isinstance(best, dict) else None
        return int(found) if found is not None and self.epochs and found in self.epochs["epoch"] else 0


def mark_events(axes: Axes, history: History, unit: str) -> None:
    """Mark the best epoch, where the run was resumed, and how it ended, on an axis in steps or in epochs.

    unit: `step` or `epoch`.
    """
    per_epoch = history.steps_per_epoch
    scale = 1.0 if unit == "step" else 1.0 / per_epoch
    resumed = history.summary.get("resumed", [])
    for i, step in enumerate(resumed):
        label = "resumed" if len(resumed) == 1 else f"resumed {len(resumed)} times"
        axes.axvline(step * scale, color=GRAY, ls="--", lw=1.2, label="" if i else label)
    best = history.best_epoch
    ends = history.epochs["step"][history.epochs["epoch"] == best] if best else ()
    for end in ends[-1:]:  # a run of an earlier version may have an epoch's row twice
        monitor = history.summary["best"].get("monitor", "val_loss")
        axes.axvline(
            end * scale, color=ink(), ls=":", lw=1.6, label=f"epoch {best:,}: best {monitor}, saved weights"
        )
    if history.ending:
        subtitle(axes, history.ending)
    if history.summary.get("status") in ("diverged", "interrupted", "paused"):
        word = history.summary["status"]
        axes.axvline(history.summary["steps"] * scale, color=ink(), ls="-.", lw=1.4, label=word)


def subtitle(axes: Axes, line: str) -> None:
    """Add a line to the title."""
    axes.set_title(f"{axes.get_title('left')}\n{line}", loc="left")


def add_epoch_axis(axes: Axes, history: History, most: int = 7) -> None:
    """A second x axis on top, in epochs; the one below is in steps. Each has at most about `most` ticks."""
    count_axis(axes, name="step", most=most)
    per_epoch = history.steps_per_epoch
    scales: Any = (lambda step: step / per_epoch, lambda epoch: epoch * per_epoch)
    above: Any = axes.secondary_xaxis("top", functions=scales)
    count_axis(above, name="epoch", most=most)
