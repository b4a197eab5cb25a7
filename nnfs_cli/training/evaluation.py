"""Evaluation: a network's outputs for a split, and their scores."""

from collections.abc import Mapping

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.metrics.base import likeliest
from nnfs_cli.metrics.mae import MAE
from nnfs_cli.metrics.r2 import R2
from nnfs_cli.metrics.rmse import RMSE
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.intervals import FITTED, class_intervals, loss_interval, metric_interval
from nnfs_cli.training.reports import ClassScore, Evaluation, TargetScore

MOST_TARGETS = 10
"""Targets whose own scores have intervals, so that the time for these has a bound."""
TOO_MANY = f"of many targets only the first {MOST_TARGETS} have intervals"


@limit_blas(1)
@np.errstate(**IGNORE_OVERFLOW)
def evaluate(experiment: Experiment, name: str) -> Evaluation:
    """The loss and all metrics on a split, with intervals; the confusion matrix and scores of classes."""
    split = experiment.split(name)
    z = outputs(experiment, split)
    t = split.t[split.rows]
    classes = experiment.data.classes
    confusion: Array = np.zeros((0, 0), int)
    of_classes: tuple[ClassScore, ...] = ()
    if classes:
        confusion = confusion_matrix(predicted_classes(experiment.loss.predict(z)), t, len(classes))
        of_classes = class_scores(
            confusion, classes, np.bincount(t, minlength=len(classes)), fitted=name == "train"
        )
    scores = experiment.scores(z, split, split.rows)
    return Evaluation(
        split=name,
        rows=len(split),
        scores=scores,
        outputs=z,
        intervals=score_intervals(experiment, z, name, scores),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        classes=of_classes,
    )


def split_scores(experiment: Experiment, name: str) -> dict[str, float]:
    """The loss and all metrics on a split, without what else `evaluate` finds."""
    split = experiment.split(name)
    return experiment.scores(outputs(experiment, split), split, split.rows)


def outputs(experiment: Experiment, split: Split) -> Array:
    """The network's outputs (N, M) for all rows of a split, as in evaluation."""
    with limit_blas(1), np.errstate(**IGNORE_OVERFLOW):
        return experiment.engine.infer(split)


def score_intervals(
    experiment: Experiment, z: Array, name: str, scores: Mapping[str, float]
) -> dict[str, Interval]:
    """The interval of each score of outputs z (N, M) for a split; none for rows that were fitted."""
    if name == "train":
        return dict.fromkeys(scores, Interval.none(FITTED))
    split = experiment.split(name)
    p, t = experiment.predictions(z), split.targets[split.rows]
    of_metrics = {
        key: metric_interval(metric, p, t, scores[key]) for key, metric in experiment.metrics.items()
    }
    return {"loss": loss_interval(experiment.loss, z, split.t[split.rows], scores["loss"]), **of_metrics}


@limit_blas(1)
@np.errstate(**IGNORE_OVERFLOW)
def target_scores(experiment: Experiment, evaluation: Evaluation) -> dict[str, TargetScore]:
    """rmse, mae, r2 and the config's metrics of each target alone; nothing if there is only one.

    A score over all targets speaks mostly of those with the largest numbers.
    """
    split = experiment.split(evaluation.split)
    p, t = experiment.predictions(evaluation.outputs), split.targets[split.rows]
    if t.ndim == 1 or t.shape[1] == 1:
        return {}
    metrics = {"rmse": RMSE(), "mae": MAE(), "r2": R2(), **experiment.metrics}
    names = experiment.preparation.output_names(t.shape[1], "target")
    found = {}
    for m, name in enumerate(names):
        one = p[:, m : m + 1], t[:, m : m + 1]
        scores = {key: metric(*one) for key, metric in metrics.items()}
        why = FITTED if evaluation.split == "train" else TOO_MANY if m >= MOST_TARGETS else ""
        intervals = {
            key: Interval.none(why) if why else metric_interval(metric, *one, scores[key])
            for key, metric in metrics.items()
        }
        found[name] = TargetScore(scores, intervals)
    return found


def predicted_classes(p: Array) -> Array:
    """The class (N,) with the largest p (N, K) in each row; -1, no class, where a p is not a number."""
    found = likeliest(p)
    return np.where(np.isnan(p).any(axis=1), -1, found) if np.isnan(p).any() else found


def confusion_matrix(predicted: Array, actual: Array, classes: int) -> Array:
    """(K, K) counts: rows are actual classes, columns are predicted ones; a prediction of -1 is left out."""
    cells = (actual * classes + predicted)[predicted >= 0]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def class_scores(
    confusion: Array, names: tuple[str, ...], support: Array, *, fitted: bool
) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of each class, of which there are `support` rows (K,).

    A score is 0 if its denominator is 0. Rows that were fitted give no intervals.
    """
    hits = confusion.diagonal()
    predicted = confusion.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    none = dict.fromkeys(("precision", "recall", "f1"), Interval.none(FITTED))
    return tuple(
        ClassScore(
            name,
            float(precision[k]),
            float(recall[k]),
            float(f1[k]),
            int(support[k]),
            none if fitted else class_intervals(int(hits[k]), int(predicted[k]), int(support[k])),
        )
        for k, name in enumerate(names)
    )
