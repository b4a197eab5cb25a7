"""Rows of an evaluated split to look at: the worst mistakes, and some of each cell of the matrix."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.description import normalized
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.importance import column_slices

WORST, WRONG_ROWS, RIGHT_ROWS = 24, 5, 3
"""Rows kept of all mistakes, and of a cell of the confusion matrix beside and on its diagonal."""
REGRESSION_ROWS = 24
MOST_EXAMPLES, EXAMPLE_BYTES = 400, 1_000_000
"""The most rows, and the most bytes that their inputs take."""
TELLING = 4
"""Columns of a table that say most about a row."""
TRAIN_ROWS = 5000


def class_examples(
    experiment: Experiment, split: Split, p: Array, target: Array, prediction: Array
) -> dict[str, Array]:
    """The arrays `example_*` of `plot_data`, for rows with p (N, K), target (N,), prediction (N,)."""
    excess = _excess(p, target)
    right = prediction == target
    order = np.lexsort((np.where(right, excess, -excess), right))  # the surest first, of wrong and of right
    order = order[prediction[order] >= 0]
    rank = _rank_in_cell(target[order], prediction[order])
    kept = np.where(target[order] == prediction[order], RIGHT_ROWS, WRONG_ROWS)
    places = np.arange(len(order))
    rank[places < WORST] = -1
    chosen = np.flatnonzero(rank < kept)
    chosen = chosen[np.argsort(rank[chosen], kind="stable")[: _most(split)]]
    rows = order[np.sort(chosen)]
    raw = experiment.in_raw_units(split.x[split.rows[rows]])
    arrays = {"example_x": raw, "example_p": p[rows]}
    if len(experiment.data.input_shape) == 1 and len(rows):
        arrays["example_telling"] = _telling_columns(experiment, raw, target[rows])
    return {**arrays, **_named(rows, target[rows], prediction[rows])}


def spaced_examples(
    experiment: Experiment, split: Split, places: Array, target: Array, prediction: Array
) -> dict[str, Array]:
    """The arrays `example_*` of a regression, of evenly spaced rows among those with these places (n,)."""
    some = np.linspace(0, len(places) - 1, min(REGRESSION_ROWS, len(places), _most(split))).astype(np.intp)
    x = experiment.in_raw_units(split.x[split.rows[places[some]]])
    return {"example_x": x, **_named(places[some], target[some], prediction[some])}


def _named(rows: Array, target: Array, prediction: Array) -> dict[str, Array]:
    return {"example_row": rows, "example_target": target, "example_prediction": prediction}


def _most(split: Split) -> int:
    return min(MOST_EXAMPLES, EXAMPLE_BYTES // max(split.x[:1].nbytes, 1))


def _excess(p: Array, target: Array) -> Array:
    """By how much the largest p (N, K) of another class exceeds that of the row's own class."""
    rows, others = np.arange(len(p)), p.astype(np.float64)
    own = others[rows, target]
    others[rows, target] = -np.inf
    with np.errstate(invalid="ignore"):
        return np.asarray(others.max(axis=1) - own)


def _rank_in_cell(target: Array, prediction: Array) -> Array:
    """For each row (N,), how many before it are of the same target and prediction."""
    order = np.lexsort((prediction, target))
    cells = np.stack([target[order], prediction[order]])
    starts = np.flatnonzero(np.r_[True, (cells[:, 1:] != cells[:, :-1]).any(axis=0)][: len(order)])
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return rank


def _telling_columns(experiment: Experiment, x: Array, target: Array) -> Array:
    """The columns (E, T) in which raw rows x (E, D) are farthest from their class's training rows.

    The distance is that from the mean of these rows, in standard deviations of all training rows.
    """
    data, train, inputs = experiment.data, experiment.data.splits["train"], experiment.preparation.inputs
    rows = train.sampled(TRAIN_ROWS)
    labels = train.t[rows]
    seen, here = normalized(experiment.in_raw_units(train.x[rows]), inputs), normalized(x, inputs)
    means = np.tile(seen.mean(axis=0), (len(data.classes), 1))
    for k in np.unique(labels):
        means[k] = seen[labels == k].mean(axis=0)
    spread = seen.std(axis=0)
    distance = ((here - means[target]) / np.where(spread > 0, spread, 1.0)) ** 2
    by_column = np.stack([distance[:, part].sum(axis=1) for part in column_slices(experiment.preparation)])
    return np.asarray(np.argsort(-by_column, axis=0, kind="stable")[:TELLING].T)
