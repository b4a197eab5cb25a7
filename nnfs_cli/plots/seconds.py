"""seconds: how long each epoch took."""

import numpy as np

from nnfs_cli.plots.history import History, mark_events
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale, mark_strays, outline
from nnfs_cli.plots.style import BLUE, panels
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.runs.directory import RunDirectory


def draw(run: RunDirectory) -> dict[str, Axes]:
    """The seconds of each epoch, with its validation."""
    history = History(run)
    if not history.epochs:
        return {}
    epoch, seconds = history.epochs["epoch"], np.diff(history.epochs["seconds"], prepend=0.0)
    (axes,) = panels(
        [f"{run.id}: time of each epoch, {history.epochs['seconds'][-1]:,.4g} s in all"], (8.0, 4.0)
    )
    axes.plot(*outline(epoch, seconds), history.markers, color=BLUE, ms=9, label="training and validation")
    mark_strays(axes, epoch, seconds, fit_scale(axes, [seconds], log=False), "epoch", BLUE)
    mark_events(axes, history, "epoch")
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    count_axis(axes, name="epoch")
    axes.set_ylabel("seconds")
    axes.legend()
    return {"seconds": axes}
