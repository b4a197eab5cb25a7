"""parallel_coordinates.png: each trial as a line through the values of its options to its monitored value."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import sequential
from nnfs_cli.plots.history import subtitle
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import shorten_name
from nnfs_cli.plots.study_values import (
    MOST_LETTERS,
    better,
    choice_ticks,
    need_trials,
    option_name,
    span,
    title,
    value_scale,
)
from nnfs_cli.plots.style import GRAY, ORANGE, ink, panels, paper
from nnfs_cli.plots.ticks import log_axis, number_axis
from nnfs_cli.studies.record import Option, StudyRecord, TrialRecord

INCHES = 2.3
"""Between two axes."""
NAMES_HEIGHT = 42
"""Of the options' names below the title, in points."""
ROOM = 0.03
"""Beyond the ends of an axis, as a share of it."""
PALEST = 0.3
"""Where the worst trial's color is on the map of colors, which begins with the paper."""


def draw(record: StudyRecord) -> Axes:
    """An axis for each varied option and one for the monitored value; a line for each trial."""
    need_trials(record)
    options = record.options
    width = max(INCHES * (len(options) + 0.9), 8.0)
    (axes,) = panels([title(record, "trials")], (width, 5.4))
    log, limits = value_scale(record)
    norm: Any = (mpl.colors.LogNorm if log else mpl.colors.Normalize)(*limits, clip=True)
    places = np.array([[*_places(options, trial), _at(trial.value, limits, log)] for trial in record.trials])
    _draw_lines(axes, record, places, norm)
    for i, option in enumerate(options):
        beside = _add_axis(axes, i / len(options), option_name(option), span(option), log=option.is_log)
        if option.labels:
            beside.set_yticks(*choice_ticks(option))
    _add_axis(axes, 1.0, shorten_name(record.monitor, MOST_LETTERS), limits, log=log)
    figure: Any = axes.figure
    for each in figure.axes:
        for label in each.get_yticklabels():
            label.set_bbox({"facecolor": paper(), "alpha": 0.75, "edgecolor": "none", "pad": 1.0})
    axes.set(xlim=(0, len(options)), ylim=(-ROOM, 1.0 + ROOM), xticks=[], yticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar: Any = figure.colorbar(mpl.cm.ScalarMappable(norm, _colors(record)), ax=axes, pad=0.02)
    bar.ax.set_yticks([])
    bar.ax.minorticks_off()
    bar.set_label(better(record))
    return axes


def _places(options: list[Option], trial: TrialRecord) -> list[float]:
    """How high a trial's line is on each option's axis, from 0 to 1."""
    return [_at(option.place(trial.cells[option.key]), span(option), option.is_log) for option in options]


def _at(value: float, ends: tuple[float, float], log: bool) -> float:
    """Where a value is between the ends of an axis, which it does not leave; nan for not a number."""
    low, high, value = (np.log(max(each, 1e-300)) if log else each for each in (*ends, value))
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _colors(record: StudyRecord) -> Any:
    """A map of colors from pale for bad values to strong for good ones."""
    shades = sequential()(np.linspace(PALEST, 1.0, 256))
    return mpl.colors.ListedColormap(shades if record.maximize else shades[::-1])


def _draw_lines(axes: Axes, record: StudyRecord, places: Array, norm: Any) -> None:
    """The lines, the best ones on top, the winner above all."""
    colors, rank = _colors(record), {trial.number: i for i, trial in enumerate(record.ranked)}
    x, winner = np.arange(places.shape[1]), record.winner
    for trial, y in zip(record.trials, places, strict=True):
        if not trial.has_value:
            ends = [len(x) - 2]  # at the last option
            cross: Any = {"marker": "x", "ms": 8, "mew": 2, "markevery": ends, "clip_on": False}
            axes.plot(x, y, color=GRAY, ls=":", lw=1.2, zorder=2, **cross)
        elif trial is winner:
            axes.plot(x, y, color=paper(), lw=5.5, zorder=4)
            axes.plot(x, y, color=ORANGE, lw=3.2, zorder=5, clip_on=False)
        else:
            order = 3 - rank[trial.number] / len(rank)
            axes.plot(x, y, color=colors(norm(trial.value)), lw=1.6, alpha=0.9, zorder=order)
    parts = [f"orange: trial {winner.number}, the winner"] if winner else []
    if failed := sum(not trial.has_value for trial in record.trials):
        parts.append(f"dotted, x: {failed:,} without a value")
    subtitle(axes, "; ".join(parts))
    axes.set_title(axes.get_title("left"), pad=NAMES_HEIGHT)


def _add_axis(axes: Axes, where: float, name: str, ends: tuple[float, float], *, log: bool) -> Any:
    """An upright axis at a share of the width, its ticks written over the lines."""
    beside: Any = axes.twinx()
    beside.set_zorder(6)
    beside.patch.set_visible(False)
    for spine in beside.spines.values():
        spine.set_visible(False)
    beside.spines["left"].set(visible=True, position=("axes", where), color=ink(), lw=1.2)
    beside.yaxis.set_ticks_position("left")
    if log:
        ratio = (ends[1] / ends[0]) ** ROOM
        beside.set_ylim(ends[0] / ratio, ends[1] * ratio)
        log_axis(beside)
    else:
        extra = ROOM * (ends[1] - ends[0])
        beside.set_ylim(ends[0] - extra, ends[1] + extra)
        number_axis(beside)
    beside.grid(visible=False)
    axes.text(where, 1.02, name, transform=axes.transAxes, ha="center", va="bottom", fontsize=11)
    return beside
