"""Several runs in one picture: a curve for each, or mean and band of those that differ in seeds alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.config.reader import shown, to_plain
from nnfs_cli.config.repeats import own_options
from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.colors import CLASSES, dashes, marker
from nnfs_cli.plots.history import History, subtitle
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale, mark_strays
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.style import panels
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.finding import run_name

NAMES = ("loss", "metrics", "learning_rate")
MOST_OPTIONS, MOST_LETTERS = 3, 60
"""Of a label. Runs that differ in more options are called by the names of their configs, or by their ids."""


@dataclass
class Group:
    """Runs that are one curve, and what tells them from the others."""

    label: str
    histories: list[History]

    def curves(self, column: str) -> list[tuple[Array, Array]]:
        """Epochs, and a column of epochs.csv there, of each run that has it; means are in the middle."""
        shift = 0.5 if column.startswith("train_") else 0.0
        found = [history.epochs for history in self.histories if column in history.epochs]
        return [(epochs["epoch"] - shift, epochs[column]) for epochs in found]


def draw(
    runs: Sequence[RunDirectory], named: Sequence[tuple[str, Sequence[RunDirectory]]] = ()
) -> dict[str, Axes]:
    """The losses, metrics and learning rates of runs by epoch, by picture; {} before any epoch.

    named: the runs in groups, each with its label; by default runs that differ in seeds alone are one.
    """
    groups = _named(named) if named else group(_with_epochs(runs))
    columns = list(dict.fromkeys(c for g in groups for h in g.histories for c in h.epochs))
    scores = [c for c in columns if c.startswith(("train_", "val_"))]
    losses: list[str] = [c for c in ("train_loss", "val_loss") if c in scores]
    kinds = ("train", "val") if "val_loss" in losses else ("train",)
    names = dict.fromkeys(c.partition("_")[2] for c in scores if c not in losses)
    # The two of a metric are side by side, but for one that no run has on validation rows.
    metrics = [column for name in names for kind in kinds if (column := f"{kind}_{name}") in columns]
    pictures: dict[str, list[str]] = {"loss": losses, "metrics": metrics, "learning_rate": ["learning_rate"]}
    return {name: _draw_panels(groups, some) for name, some in pictures.items() if groups and some}


def _with_epochs(runs: Sequence[RunDirectory]) -> list[History]:
    return [history for history in map(History, runs) if history.epochs]


def _named(named: Sequence[tuple[str, Sequence[RunDirectory]]]) -> list[Group]:
    """The groups with an epoch."""
    labels = shorten_names([label for label, _ in named], MOST_LETTERS)
    groups = [Group(label, _with_epochs(runs)) for label, (_, runs) in zip(labels, named, strict=True)]
    return [group for group in groups if group.histories]


def group(histories: Sequence[History]) -> list[Group]:
    """Runs in groups of those whose configs differ in nothing but seeds, each with a label."""
    grouped: dict[str, list[History]] = {}
    options: dict[str, dict[str, Any]] = {}
    for history in histories:
        own = own_options(to_plain(history.config))
        key = json.dumps(own, default=str)
        options[key] = own
        grouped.setdefault(key, []).append(history)
    groups = list(grouped.values())
    labels = shorten_names(_labels(list(options.values()), groups), MOST_LETTERS)
    counts = [f" ({len(some)} runs)" if len(some) > 1 else "" for some in groups]
    return [Group(label + count, some) for label, count, some in zip(labels, counts, groups, strict=True)]


def _labels(options: Sequence[dict[str, Any]], groups: Sequence[list[History]]) -> list[str]:
    """What differs between the options of groups: `learning_rate 0.1`."""
    keys = list(dict.fromkeys(key for own in options for key in own))
    varying = [key for key in keys if len({str(own.get(key)) for own in options}) > 1]
    if len(groups) > 1 and len(varying) <= MOST_OPTIONS:
        ends = [key.rpartition(".")[2] for key in varying]
        short = [end if ends.count(end) == 1 else key for end, key in zip(ends, varying, strict=True)]
        pairs = list(zip(short, varying, strict=True))
        labels = [
            ", ".join(f"{name} {shown(own[key])}" for name, key in pairs if key in own) for own in options
        ]
        if all(labels):
            return labels
    names = [histories[0].config.name for histories in groups]
    return (
        names if len(set(names)) == len(names) else [run_name(histories[0].run.path) for histories in groups]
    )


def _draw_panels(groups: Sequence[Group], columns: Sequence[str]) -> Axes:
    repeated = any(len(group.histories) > 1 for group in groups)
    grid = panels([_title(column) for column in columns], (6.4, 4.6))
    for axes, column in zip(grid, columns, strict=True):
        curves = [(k, x, y) for k, group in enumerate(groups) for x, y in group.curves(column)]
        limits = fit_scale(axes, [y for _, _, y in curves], log=column.endswith("_loss"))
        for k, x, y in curves:
            mark_strays(axes, x, y, limits, "epoch", CLASSES[k % len(CLASSES)])
        for k, each in enumerate(groups):
            _draw_group(axes, each.curves(column), k, each.label)
        if repeated:
            subtitle(axes, "line: mean over runs; band: lowest to highest")
        axes.set_xlim(left=0.0)
        count_axis(axes, name="epoch")
        axes.set_ylabel(_unit(groups) if column.endswith("_loss") else column.partition("_")[2])
    lines = {line.get_gid(): line for axes in grid for line in axes.lines if line.get_gid()}
    grid[0].figure.legend(handles=list(lines.values()), loc="outside lower center", ncols=2)
    return grid[0]


def _title(column: str) -> str:
    kind, _, name = column.partition("_")
    if column == "learning_rate":
        return "learning rate at each epoch's end"
    return f"validation {name}" if kind == "val" else f"training {name}"


def _unit(groups: Sequence[Group]) -> str:
    kinds = dict.fromkeys(history.config.loss.type_name for group in groups for history in group.histories)
    return f"loss ({' or '.join(kinds)})"


def _draw_group(axes: Axes, curves: Sequence[tuple[Array, Array]], k: int, label: str) -> None:
    """The curve of a run; or the mean and the band of several, as far as all go, and then each alone."""
    if not curves:
        return
    color, style = CLASSES[k % len(CLASSES)], dashes(k // len(CLASSES))
    shared = min(len(x) for x, _ in curves)
    x, together = curves[0][0][:shared], np.array([y[:shared] for _, y in curves])
    if len(curves) > 1:
        axes.fill_between(x, together.min(axis=0), together.max(axis=0), color=color, alpha=0.2, lw=0)
        for longer, y in curves:
            axes.plot(longer[shared - 1 :], y[shared - 1 :], color=color, lw=0.8, alpha=0.6)
    axes.plot(
        *(x, together.mean(axis=0)),
        color=color,
        ls=style,
        lw=2.0,
        marker=marker(k),
        markevery=[shared - 1],
        ms=7,
        label=label,
        gid=f"group-{k}",
    )
