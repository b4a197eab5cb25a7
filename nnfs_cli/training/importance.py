"""What a network's score and predictions owe to each column: permutation importance, partial dependence."""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.description import normalized
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment

REPEATS = 10
GRID = 20
BOOTSTRAPS = 50


def column_slices(preparation: Preparation) -> list[slice]:
    """The numbers of each column in a flat row: one, or one for each category."""
    widths = [column.width for column in preparation.columns] or [1] * preparation.input_shape[0]
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


def score_name(experiment: Experiment) -> str:
    """The score that importance is measured in: the config's first metric, or else the loss."""
    return next(iter(experiment.metrics), "loss")


def permutation_importance(
    experiment: Experiment,
    split: Split,
    rows: Array,
    columns: Sequence[slice],
    rng: np.random.Generator,
    score: str,
) -> Array:
    """How much worse a score becomes when a column's values change places among the rows: (F, REPEATS).

    Breiman, 2001, Random forests. A metric to maximize gets worse by falling, any other by rising.
    """
    x = split.x[rows]
    worse = -1.0 if score != "loss" and experiment.metrics[score].maximize else 1.0
    base = experiment.scores(predict_rows(experiment, x), split, rows)[score]
    found = np.empty((len(columns), REPEATS))
    for f, column in enumerate(columns):
        shuffled = np.repeat(x[None], REPEATS, axis=0)
        for copy in shuffled:
            copy[:, column] = x[rng.permutation(len(x)), column]
        z = predict_rows(experiment, shuffled.reshape(-1, *x.shape[1:])).reshape(REPEATS, len(x), -1)
        found[f] = [worse * (experiment.scores(each, split, rows)[score] - base) for each in z]
    return found


def partial_dependence(
    experiment: Experiment, x: Array, column: slice, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The mean prediction over rows x (N, D) when a column is set to one value for all of them.

    Returns the values (G,), or the category numbers, and (3, G, M): the mean and, over bootstrapped rows,
    its 5th and 95th percentile, in the targets' own units or as probabilities.   Friedman, 2001.
    """
    width = column.stop - column.start
    settings = _values(x[:, column]) if width == 1 else _categories(experiment, column)
    every = np.repeat(x[None], len(settings), axis=0)
    every[:, :, column] = settings[:, None]
    z = predict_rows(experiment, every.reshape(-1, x.shape[1]))
    p = experiment.predictions(z).reshape(len(settings), len(x), -1)
    again = rng.integers(0, len(x), (BOOTSTRAPS, len(x)))
    means = np.stack([p[:, chosen].mean(axis=1) for chosen in again])
    values = settings[:, 0] if width == 1 else np.arange(width)
    return values, np.stack([p.mean(axis=1), *np.quantile(means, [0.05, 0.95], axis=0)])


def _values(x: Array) -> Array:
    """The values to set a column (N, 1) to, (G, 1): its own if they are few, else evenly spaced ones."""
    values = np.unique(x)
    if len(values) > GRID:
        low, high = np.quantile(x, [0.05, 0.95]).tolist()
        values = np.linspace(low, high, GRID)
    return values.astype(x.dtype)[:, None]


def _categories(experiment: Experiment, column: slice) -> Array:
    """Each category of a column (K, K): one-hot, and normalized if the rows of splits are."""
    width = column.stop - column.start
    if not experiment.data.inputs.is_identity:
        return np.eye(width)
    rows = np.zeros((width, *experiment.data.input_shape))
    rows[:, column] = np.eye(width)
    return normalized(rows, experiment.preparation.inputs)[:, column]


def predict_rows(experiment: Experiment, x: Array) -> Array:
    """The network's outputs (N, M) for rows x that are like a split's."""
    return outputs(experiment, Split(x, np.zeros(len(x), np.intp), np.arange(len(x))))
