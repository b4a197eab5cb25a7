"""The arrays that pictures of a classification are drawn from."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.metrics.base import likeliest
from nnfs_cli.training.defined import gives_probabilities
from nnfs_cli.training.experiment import Experiment

MOST_SCORES = 1_000_000
"""The most probabilities that a run keeps: of 10 classes those of 100,000 rows."""

WRONG_ROWS, RIGHT_ROWS, WORST_ROWS = 5, 3, 24
"""The rows kept of a cell of the confusion matrix beside its diagonal and on it; and the worst of all."""

EXAMPLE_BYTES = 1_000_000
"""The most that all these rows may take."""


def class_arrays(experiment: Experiment, name: str, p: Array) -> dict[str, Array]:
    """For predictions p (N, K) of a split's rows, by name:

    target, prediction: class numbers (N,).   confidence: (N,) the largest p of each row.
    scored: (S,) the rows with all their p, evenly spaced, and `probability` (S, K), or `score` where the
    loss gives no probabilities.
    example: (E,) rows to look at, `rows_by_cell` and the worst mistakes; example_x: (E, ...) raw, as read.
    """
    split = experiment.split(name)
    target, prediction = split.targets[split.rows], likeliest(p)
    scored = np.linspace(0, len(p) - 1, min(len(p), MOST_SCORES // p.shape[1])).astype(np.intp)
    kind = "probability" if gives_probabilities(experiment.loss, experiment.network) else "score"
    confidence = p.max(axis=1)
    most = EXAMPLE_BYTES // max(split.x[:1].nbytes, 1)
    worst = worst_mistakes(target, prediction, confidence)[:most]
    example = np.union1d(rows_by_cell(target, prediction, max(most - len(worst), 0)), worst)
    return {
        "target": target,
        "prediction": prediction,
        "confidence": confidence,
        "scored": scored,
        kind: p[scored],
        "example": example,
        "example_x": experiment.in_raw_units(split.x[split.rows[example]]),
    }


def worst_mistakes(target: Array, prediction: Array, confidence: Array) -> Array:
    """The wrong rows (W,), at most WORST_ROWS, those with the largest confidence first."""
    wrong = np.flatnonzero(prediction != target)
    return np.asarray(wrong[np.argsort(-confidence[wrong], kind="stable")][:WORST_ROWS])


def rows_by_cell(target: Array, prediction: Array, most: int) -> Array:
    """Some rows (n,) of each cell of the confusion matrix: WRONG_ROWS of a mistake, RIGHT_ROWS of a class.

    If that is more than `most` rows, each cell loses its later ones first.
    """
    order = np.lexsort((prediction, target))
    cells = np.stack([target[order], prediction[order]])
    starts = np.flatnonzero(np.r_[True, (cells[:, 1:] != cells[:, :-1]).any(axis=0)][: len(order)])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    kept = place < np.where(cells[0] == cells[1], RIGHT_ROWS, WRONG_ROWS)
    rows, place = order[kept], place[kept]
    return np.asarray(rows[np.sort(np.argsort(place, kind="stable")[:most])])
