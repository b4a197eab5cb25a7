"""activations, gradient_histograms: how the numbers in each layer spread over training."""

from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import sequential
from nnfs_cli.plots.history import History, add_epoch_axis
from nnfs_cli.plots.layer_norms import FILE
from nnfs_cli.plots.library import Axes, mpl
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import ORANGE, panels
from nnfs_cli.plots.ticks import number_axis
from nnfs_cli.runs.directory import RunDirectory

MOST_PANELS, MOST_LETTERS, SIZE = 12, 30, (5.0, 3.8)
FEWEST_BINS, MOST_BINS = 12, 60
STRAYS = 0.002
"""The part of all numbers, at each end, that may lie outside of a panel."""
FULL = 0.95
LINES = {0.05: ":", 0.5: "-", 0.95: ":"}


def draw(run: RunDirectory) -> dict[str, Axes]:
    """Each layer's outputs, and the logarithms of each layer's gradients: a column for each look at them."""
    if not run.has(FILE):
        return {}
    history, arrays = History(run), run.arrays(FILE)
    drawn = {}
    if len(arrays["computed"]):
        dead = dict(
            zip(arrays["active"].tolist(), zip(arrays["dead"][-1], arrays["units"], strict=True), strict=True)
        )
        notes = [
            f": {dead[name][0]:,} of {dead[name][1]:,} units dead at the end" if name in dead else ""
            for name in arrays["computed"].tolist()
        ]
        drawn["activations"] = _draw_layers(
            history, arrays, "activation", arrays["computed"], notes, "output"
        )
    if len(arrays["trained"]):
        zeros = arrays["gradient_zeros"][-1]
        notes = [f": {zero:.0%} are 0 at the end" if zero > 0.005 else "" for zero in zeros]
        drawn["gradient_histograms"] = _draw_layers(
            history, arrays, "gradient", arrays["trained"], notes, "log10 |gradient|"
        )
    return drawn


def _draw_layers(
    history: History, arrays: dict[str, Array], what: str, names: Array, notes: list[str], label: str
) -> Axes:
    some = np.unique(np.linspace(0, len(names) - 1, MOST_PANELS).round().astype(int))
    texts = shorten_names(names.tolist(), MOST_LETTERS)
    grid = panels([texts[i] + notes[i] for i in some], SIZE, columns=2 if len(some) <= 4 else 3)
    for axes, i in zip(grid, some, strict=True):
        _draw_columns(axes, arrays["step"], arrays[f"{what}_counts"][:, i], arrays[f"{what}_range"][:, i])
        axes.grid(visible=False)
        axes.set_ylabel(label)
        add_epoch_axis(axes, history, most=5)
    figure: Any = grid[0].figure
    of = f"{len(some)} of {len(names)} layers" if len(some) < len(names) else "each layer"
    kind = "outputs" if what == "activation" else "gradients of the parameters"
    about = "stronger color: more of the numbers; lines: 5 %, half and 95 % lie below"
    figure.suptitle(f"{history.run.id}: {kind} of {of}\n{about}", x=0.01, ha="left", fontsize=13)
    return grid[0]


def _draw_columns(axes: Axes, step: Array, counts: Array, ends: Array) -> None:
    """A heat map of histograms: counts (T, B) in equal bins between the ends (T, 2)."""
    there = counts.sum(axis=1) > 0
    if not there.any():
        axes.text(0.5, 0.5, "all are 0", ha="center", va="center", transform=axes.transAxes)
        return
    step, counts, ends = step[there], counts[there], ends[there]
    shares = (
        np.concatenate([np.zeros((len(step), 1)), counts.cumsum(axis=1)], axis=1)
        / counts.sum(axis=1)[:, None]
    )
    edges = [np.linspace(low, high, counts.shape[1] + 1) for low, high in ends]
    level = {
        q: np.array([np.interp(q, s, e) for s, e in zip(shares, edges, strict=True)])
        for q in (STRAYS, *LINES, 1 - STRAYS)
    }
    low, high = level[STRAYS].min(), level[1 - STRAYS].max()
    count = int(np.clip(np.sqrt(counts.sum(axis=1).max()), FEWEST_BINS, MOST_BINS))
    bins = np.linspace(low, high, count + 1)
    inside = np.array([np.diff(np.interp(bins, e, s)) for s, e in zip(shares, edges, strict=True)])
    # A bin of full strength is not the largest, which may be a peak such as that of relu's zeros.
    full = [np.quantile(column[column > 0], FULL) for column in inside]
    strength = inside / np.array(full)[:, None]
    middles = (step[1:] + step[:-1]) / 2
    sides = np.concatenate([step[:1], middles, step[-1:] + (0 if len(step) > 1 else 1)])
    scale = mpl.colors.PowerNorm(0.6, 0.0, 1.0, clip=True)
    axes.pcolormesh(sides, bins, strength.T, cmap=sequential(), norm=scale, rasterized=True)
    for q, line in LINES.items():
        axes.plot(step, level[q], line, color=ORANGE, lw=1.5)
    axes.set_ylim(low, high)
    axes.set_xlim(sides[0], sides[-1])
    number_axis(axes)
