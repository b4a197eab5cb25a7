"""learning_curve.png: the score by how many rows there are to learn from, for training and validation."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.history import subtitle
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.limits import fit_scale
from nnfs_cli.plots.study_values import LackingError, better, need_trials, title
from nnfs_cli.plots.style import BLUE, ORANGE, panels
from nnfs_cli.plots.ticks import log_axis
from nnfs_cli.studies.record import SIZES, Option, StudyRecord, TrialRecord, fold_of

SPLITS = {"train": ("training rows", BLUE, "s--"), "validation": ("validation rows", ORANGE, "o-")}


def draw(record: StudyRecord) -> Axes:
    """The best trial of each size: its mean score on both splits, with intervals."""
    need_trials(record)
    option = next((each for each in record.options if each.is_size), None)
    if option is None:
        raise LackingError(f"it needs a varied {' or '.join(SIZES)}")
    best = _best_by_size(record, option)
    if len(best) < 2:
        raise LackingError("it needs trials of two sizes that were trained to their ends")
    (axes,) = panels([title(record, "learning curve")], (8.0, 4.8))
    metric = record.monitor.partition("_")[2]
    drawn = [_draw_split(axes, record, best, f"{split}.{metric}", *look) for split, look in SPLITS.items()]
    fit_scale(axes, [y for y in drawn if len(y)], log=metric == "loss")
    if len(record.options) > 1:
        subtitle(axes, "of each size the best trial, which flatters it")
    axes.set(xlabel=option.key, ylabel=better(record).replace(record.monitor, metric))
    axes.set_xlim(min(best) / 1.15, max(best) * 1.15)
    log_axis(axes, "x")
    axes.set_xticks(list(best)[:: -(-len(best) // 8)], minor=False)
    axes.minorticks_off()
    axes.legend()
    return axes


def _best_by_size(record: StudyRecord, option: Option) -> dict[float, TrialRecord]:
    """The best trial of each size, the smallest first."""
    best: dict[float, TrialRecord] = {}
    for trial in record.ranked:
        place = option.place(trial.cells[option.key])
        if trial.status == "completed" and np.isfinite(place):
            size = float(option.space.values[int(place)]) if option.labels else place
            best.setdefault(size, trial)
    return dict(sorted(best.items()))


def _draw_split(
    axes: Axes,
    record: StudyRecord,
    best: dict[float, TrialRecord],
    column: str,
    label: str,
    color: str,
    look: str,
) -> Array:
    """The means of a column of runs.csv with their intervals; returns all that is drawn."""
    values = [record.values(record.runs_of(trial), column) for trial in best.values()]
    sizes = np.array(list(best))
    mean = np.array([each.mean() if len(each) else np.nan for each in values])
    if not np.isfinite(mean).any():
        return np.array([])
    split, _, name = column.partition(".")
    folds = [list(map(fold_of, record.runs_of(trial))) for trial in best.values()]
    ends = [
        record.interval(each.tolist(), some, name, split) for each, some in zip(values, folds, strict=True)
    ]
    spread = np.array([[middle - end.low, end.high - middle] for middle, end in zip(mean, ends, strict=True)])
    method = next((f", {end.method}" for end in ends if end.exists), "")
    axes.errorbar(
        sizes, mean, np.nan_to_num(spread.T), fmt=look, color=color, capsize=4, label=f"{label}{method}"
    )
    return np.concatenate([mean, *((end.low, end.high) for end in ends)])
