"""seeds.png: the mean of a trial's runs by epoch and its interval as a band, for the best few trials."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale
from nnfs_cli.plots.names import shorten_names
from nnfs_cli.plots.study_values import LackingError, title
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.plots.ticks import count_axis
from nnfs_cli.studies.record import StudyRecord, TrialRecord, fold_of

MOST_TRIALS = 4
MOST_POINTS = 200
MOST_LETTERS = 76
Curve: TypeAlias = tuple[object, Array, Array]
"""A run's fold, epochs and values."""


def draw(record: StudyRecord) -> Axes:
    """A panel for each trial: its runs as thin lines, mean and band as far as all of them go."""
    column, curves = _curves(record)
    if not curves:
        raise LackingError("it needs a trial with two runs that have finished an epoch")
    labels = shorten_names([trial.label(record.options) for trial, _ in curves], MOST_LETTERS)
    titles = [label or title(record, column) for label in labels]
    grid = panels(titles, (5.8, 4.2) if len(titles) > 1 else (8.0, 4.8))
    values = [y for _, runs in curves for _, _, y in runs]
    for axes, (trial, runs) in zip(grid, curves, strict=True):
        fit_scale(axes, values, log=column.endswith("_loss"))
        _draw_trial(axes, record, column, runs, ORANGE if trial is record.winner else BLUE)
        count_axis(axes, name="epoch")
        axes.set_xlim(left=0.0)
        axes.set_ylabel(column)
    handles, names = grid[0].get_legend_handles_labels()
    figure: Any = grid[0].figure
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return grid[0]


def _curves(record: StudyRecord) -> tuple[str, list[tuple[TrialRecord, list[Curve]]]]:
    """What is drawn, a column of epochs.csv; and epochs and values of each run of the best trials.

    It is the monitored value; without validation rows the training loss.
    """
    best = [trial for trial in record.ranked if trial.status == "completed"]
    if not record.options:
        best = record.trials[:1]
    for column in (record.monitor, "train_loss"):
        found = [(trial, _runs(record, trial, column)) for trial in best[:MOST_TRIALS]]
        if any(runs for _, runs in found):
            return column, [(trial, runs) for trial, runs in found if len(runs) > 1]
    return record.monitor, []


def _runs(record: StudyRecord, trial: TrialRecord, column: str) -> list[Curve]:
    found: list[Curve] = []
    for row in record.runs_of(trial):
        run = record.run(row["run"])
        table = run.table("epochs.csv") if run and row["status"] in ("completed", "paused") else {}
        if column in table and np.isfinite(table[column]).any():
            found.append((fold_of(row), table["epoch"], table[column]))
    return found


def _draw_trial(axes: Axes, record: StudyRecord, column: str, runs: Sequence[Curve], color: str) -> None:
    for i, (_, epochs, y) in enumerate(runs):
        axes.plot(epochs, y, color=color, lw=0.7, alpha=0.5, label="" if i else "a run")
    shared = min(len(epochs) for _, epochs, _ in runs)
    some = np.unique(np.linspace(0, shared - 1, min(shared, MOST_POINTS)).round().astype(np.intp))
    epochs, together = runs[0][1][some], np.array([y[some] for _, _, y in runs])
    mean = together.mean(axis=0)
    split, name = "validation" if column.startswith("val_") else "train", column.partition("_")[2]
    folds = [fold for fold, _, _ in runs]
    intervals = [record.interval(values, folds, name, split) for values in together.T.tolist()]
    pairs = zip(intervals, mean, strict=True)
    ends = [(each.low, each.high) if each.exists else (middle, middle) for each, middle in pairs]
    method = next((each.method for each in intervals if each.exists), "")
    band = f"95 % interval of the mean, {method}"
    axes.fill_between(epochs, *np.array(ends).T, color=color, alpha=0.2, lw=0, label=band if method else "")
    axes.plot(epochs, mean, color=color, label="mean")
