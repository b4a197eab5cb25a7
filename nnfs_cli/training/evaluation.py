"""Evaluation: a network's outputs for a split, and their scores."""

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.metrics.base import likeliest
from nnfs_cli.metrics.mae import MAE
from nnfs_cli.metrics.r2 import R2
from nnfs_cli.metrics.rmse import RMSE
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import ClassScore, Evaluation


@limit_blas(1)
@np.errstate(**IGNORE_OVERFLOW)
def evaluate(experiment: Experiment, name: str) -> Evaluation:
    """The loss and all metrics on a split; for classes also the confusion matrix and each class's scores."""
    split = experiment.split(name)
    z = outputs(experiment, split)
    t = split.t[split.rows]
    classes = experiment.data.classes
    confusion: Array = np.zeros((0, 0), int)
    of_classes: tuple[ClassScore, ...] = ()
    if classes:
        confusion = confusion_matrix(predicted_classes(experiment.loss.predict(z)), t, len(classes))
        of_classes = class_scores(confusion, classes, np.bincount(t, minlength=len(classes)))
    return Evaluation(
        split=name,
        rows=len(split),
        scores=experiment.scores(z, split, split.rows),
        outputs=z,
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


@limit_blas(1)
@np.errstate(**IGNORE_OVERFLOW)
def target_scores(experiment: Experiment, evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """rmse, mae, r2 and the config's metrics of each target alone; nothing if there is only one.

    A score over all targets speaks mostly of those with the largest numbers.
    """
    split = experiment.split(evaluation.split)
    p, t = experiment.predictions(evaluation.outputs), split.targets[split.rows]
    if t.ndim == 1 or t.shape[1] == 1:
        return {}
    metrics = {"rmse": RMSE(), "mae": MAE(), "r2": R2(), **experiment.metrics}
    names = experiment.preparation.output_names(t.shape[1], "target")
    return {
        name: {key: metric(p[:, m : m + 1], t[:, m : m + 1]) for key, metric in metrics.items()}
        for m, name in enumerate(names)
    }


def predicted_classes(p: Array) -> Array:
    """The class (N,) with the largest p (N, K) in each row; -1, no class, where a p is not a number."""
    found = likeliest(p)
    return np.where(np.isnan(p).any(axis=1), -1, found) if np.isnan(p).any() else found


def confusion_matrix(predicted: Array, actual: Array, classes: int) -> Array:
    """(K, K) counts: rows are actual classes, columns are predicted ones; a prediction of -1 is left out."""
    cells = (actual * classes + predicted)[predicted >= 0]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def class_scores(confusion: Array, names: tuple[str, ...], support: Array) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of each class, of which there are `support` rows (K,).

    A score is 0 if its denominator is 0.
    """
    hits = confusion.diagonal()
    predicted = confusion.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    columns = zip(names, precision, recall, f1, support, strict=True)
    return tuple(ClassScore(name, float(p), float(r), float(f), int(n)) for name, p, r, f, n in columns)
