"""The bar chart of all results: a panel for each workload, a bar for each contestant."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from report import Section

OURS, THEIRS, LIMIT = "#c8553d", "#8fa3b0", "#d9d2c0"
WIDE = 8
"""Panels have a logarithmic axis if their times differ by more than this factor."""

COLUMNS = 2
BAR_INCHES, HEAD_INCHES = 0.22, 0.75
TITLE_LETTERS = 56


def draw(sections: Sequence[Section], path: Path) -> None:
    """Draw all sections that have times, in two columns."""
    drawn = [section for section in sections if section.seconds]
    pairs = [drawn[i : i + COLUMNS] for i in range(0, len(drawn), COLUMNS)]
    heights = [HEAD_INCHES + BAR_INCHES * max(len(s.seconds or ()) for s in pair) for pair in pairs]
    figure = Figure(figsize=(14, max(sum(heights), 1)), layout="constrained")
    grid = figure.add_gridspec(max(len(pairs), 1), COLUMNS, height_ratios=heights or None)
    for row, pair in enumerate(pairs):
        for column, section in enumerate(pair):
            _panel(figure.add_subplot(grid[row, column]), section)
    figure.savefig(path, dpi=110)


def _panel(axes: Any, section: Section) -> None:
    """Draw medians as bars with their numbers, and minima as lines across them; the fastest on top."""
    seconds = section.seconds or {}
    names = sorted(seconds, key=lambda name: -median(seconds[name]))
    medians = [median(seconds[name]) for name in names]
    axes.barh(range(len(names)), medians, color=[_color(name) for name in names], height=0.8)
    for i, name in enumerate(names):
        least = min(seconds[name])
        axes.plot([least, least], [i - 0.4, i + 0.4], color="black", linewidth=1)
        axes.annotate(
            f"{medians[i]:.3g}", (medians[i], i), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    if max(medians) > WIDE * min(medians):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(min(min(values) for values in seconds.values()) / 1.5, max(medians) * 1.6)
    else:
        axes.set_xlim(0, max(medians) * 1.12)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name.startswith("nnfs") else "normal")
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_title(textwrap.fill(section.title, TITLE_LETTERS), fontsize=9, loc="left")
    axes.set_xlabel("seconds: bar the median, line the minimum", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _color(name: str) -> str:
    if name.startswith("nnfs"):
        return OURS
    return LIMIT if name.startswith("bare") else THEIRS
