"""learning_rate: the learning rate by step, as the schedule gave it."""

import copy

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.history import History, add_epoch_axis, mark_events
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale
from nnfs_cli.plots.style import BLUE, GRAY, panels
from nnfs_cli.plots.ticks import number_axis
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.schedules.base import Clock

POINTS = 2000


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The rate of the steps taken; dashed, that of the steps still planned when training stopped."""
    history = History(run)
    if not history.epochs and not history.steps:
        return {}
    schedule = history.config.schedule
    name = schedule.type_name
    (axes,) = panels([f"{run.id}: learning rate ({name})"], (8.0, 4.0))
    done = history.summary["steps"]
    if schedule.state() or history.summary.get("rollbacks"):  # it depends on how training went
        epochs = history.epochs
        x, y = (
            np.concatenate([[0], epochs["step"]]),
            epochs["learning_rate"][[0, *range(len(epochs["step"]))]],
        )
        axes.plot(x, y, color=BLUE, drawstyle="steps-pre", label="as recorded at each epoch's end")
    else:
        planned = round(history.steps_per_epoch * history.summary["epochs_planned"])
        x, y = _rates(history, 0, done)
        axes.plot(x, y, color=BLUE, label="steps taken")
        if planned > done:
            more = _rates(history, done, planned)
            axes.plot(*more, "--", color=GRAY, label="steps planned, not taken")
            y = np.concatenate([y, more[1]])
    _choose_scale(axes, y)
    mark_events(axes, history, "step")
    axes.set_xlim(left=0.0)
    axes.set_ylabel("learning rate")
    add_epoch_axis(axes, history)
    axes.legend()
    return {"learning_rate": axes}


def _choose_scale(axes: Axes, rates: Array) -> None:
    """From 0 on, unless most rates are small against the largest, as those that fall exponentially."""
    if 0 < np.median(rates) <= 0.1 * rates.max():
        fit_scale(axes, [rates], log=True)
    else:
        axes.set_ylim(0.0, 1.08 * rates.max() or 1.0)
        number_axis(axes)


def _rates(history: History, first: int, end: int) -> tuple[Array, Array]:
    """Steps from `first` to before `end`, and their learning rates."""
    schedule, base = copy.deepcopy(history.config.schedule), history.config.optimizer.learning_rate
    schedule.start()
    per_epoch, epochs = round(history.steps_per_epoch), history.summary["epochs_planned"]
    steps = np.unique(np.linspace(first, max(end - 1, first), POINTS).astype(int))
    rates = [schedule.learning_rate(base, Clock(int(step), per_epoch, epochs)) for step in steps]
    return steps + 1, np.array(rates)
