"""slices.png: the monitored value against each varied option."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.names import shorten_name
from nnfs_cli.plots.study_values import (
    MOST_CHOICES,
    better,
    choice_ticks,
    mark_beyond,
    mark_failed,
    need_trials,
    scale_values,
    span,
)
from nnfs_cli.plots.style import BLUE, GRAY, ORANGE, panels, paper
from nnfs_cli.plots.ticks import log_axis
from nnfs_cli.studies.record import Option, StudyRecord

APART = 0.12
"""How far trials with the same choice are drawn from each other, at most, to either side."""
ROOM = 0.04
LETTERS, TITLE_LETTERS = 14, 32
DECADES = 1.5
"""A panel has room for powers of ten alone beyond so many decades."""


def draw(record: StudyRecord) -> Axes:
    """A panel for each option: a dot for each trial, and the median of each choice."""
    need_trials(record)
    titles = [shorten_name(option.key, TITLE_LETTERS) for option in record.options]
    grid = panels(titles, (4.4, 3.7), min(3, len(titles)))
    for axes, option in zip(grid, record.options, strict=True):
        _draw_option(axes, option, record)
    for axes in grid:
        place: Any = axes.get_subplotspec()
        axes.set_ylabel(better(record).replace(" (", "\n(") if place.is_first_col() else "")
    handles = {label: h for axes in grid for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure: Any = grid[0].figure
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3 if len(grid) > 1 else 2)
    return grid[0]


def _draw_option(axes: Axes, option: Option, record: StudyRecord) -> None:
    limits = scale_values(axes, record)
    x = np.array([option.place(trial.cells[option.key]) for trial in record.trials])
    y = np.array([trial.value for trial in record.trials])
    beside = _beside(x) if option.labels else x
    done = np.array([trial.status == "completed" for trial in record.trials])
    if (left := ~done & np.isfinite(y)).any():
        axes.plot(beside[left], y[left], "o", mfc="none", mec=GRAY, ms=5.5, label="not trained to the end")
    axes.plot(beside[done], y[done], "o", color=BLUE, alpha=0.75, mec="none", ms=6.5, label="a trial")
    mark_beyond(axes, beside, y, limits)
    mark_failed(axes, beside[~np.isfinite(y)])
    if option.labels:
        if len(option.labels) <= MOST_CHOICES:
            _draw_medians(axes, x[done], y[done])
        places, names = choice_ticks(option, LETTERS)
        turned = max(map(len, names)) * len(names) > 30
        axes.set_xticks(places, names, rotation=35 if turned else 0, ha="right" if turned else "center")
        axes.set_xlim(*span(option))
    else:
        _scale_option(axes, option)
    if record.winner:
        at = record.trials.index(record.winner)
        axes.plot(
            *([beside[at]], [y[at]], "o"),
            color=ORANGE,
            mec=paper(),
            ms=10,
            zorder=5,
            clip_on=False,
            label="the winner",
        )


def _beside(x: Array) -> Array:
    """Places (n,) of choices, those of the same choice a little apart, in the order of the trials."""
    moved = x.astype(float)
    for place in np.unique(x[np.isfinite(x)]):
        same = x == place
        moved[same] += np.linspace(-APART, APART, same.sum()) if same.sum() > 1 else 0.0
    return moved


def _draw_medians(axes: Axes, x: Array, y: Array) -> None:
    for i, place in enumerate(np.unique(x[np.isfinite(x)])):
        values = y[(x == place) & np.isfinite(y)]
        if len(values):
            middle = float(np.median(values))
            label = "" if i else "median of the choice"
            axes.plot([place - 0.25, place + 0.25], [middle, middle], color=ORANGE, lw=2, label=label)


def _scale_option(axes: Axes, option: Option) -> None:
    """The whole range that trials could be drawn from."""
    low, high = span(option)
    if option.is_log:
        ratio = (high / low) ** ROOM
        axes.set_xlim(low / ratio, high * ratio)
        log_axis(axes, "x", DECADES)
    else:
        extra = ROOM * (high - low)
        axes.set_xlim(low - extra, high + extra)
