"""How sure an evaluation's scores are: an interval for each."""

from collections.abc import Callable

import numpy as np

from nnfs_cli.config.plugins import plugin_errors
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import refuse_result
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.losses.base import Loss, adds_up
from nnfs_cli.metrics.base import Metric
from nnfs_cli.statistics.bootstrap import bca, bca_by_rows
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.proportions import wilson
from nnfs_cli.statistics.resampling import drawn_rows, random_groups

MOST_ROWS = 50_000
"""The spread of more rows is that of so many random ones, to 1 %."""

FITTED = "rows that were fitted say nothing of new ones"


def metric_interval(metric: Metric, p: Array, t: Array, score: float) -> Interval:
    """The interval of a metric's score of predictions p (N, M): Wilson's, if it is a proportion, or BCa's."""
    return _or_none(lambda: _metric_interval(metric, p, t, score))


def _metric_interval(metric: Metric, p: Array, t: Array, score: float) -> Interval:
    if np.isnan(score):
        return Interval.none("the score is undefined")
    if why := too_few(metric, len(t)):
        return Interval.none(why)
    hits = metric_hits(metric, p, t)
    if hits is not None:
        return wilson(int(np.count_nonzero(hits)), len(t))
    drawn = drawn_rows(len(t), MOST_ROWS)
    terms = metric_terms(metric, p[drawn], t[drawn])
    if terms is None:
        return bca_by_rows(lambda rows: metric(p[rows], t[rows]), len(t), score=score)
    whole = terms.mean(axis=0)
    return bca(terms, lambda means: metric.of_resamples(means, whole), score=score, rows=len(t))


def too_few(metric: Metric, rows: int) -> str:
    """Why so few rows give a metric no interval; an empty text if they do."""
    return f"{rows} rows; {metric.type_name} needs {metric.fewest_rows}" if rows < metric.fewest_rows else ""


def loss_interval(loss: Loss, z: Array, t: Array, score: float) -> Interval:
    """The interval of the loss of outputs z (N, M): of its means over groups of rows, if it adds up."""
    return _or_none(lambda: _loss_interval(loss, z, t, score))


def _loss_interval(loss: Loss, z: Array, t: Array, score: float) -> Interval:
    if not adds_up(loss):
        return bca_by_rows(lambda rows: loss.value(z[rows], t[rows]), len(t), score=score)
    drawn = drawn_rows(len(t), MOST_ROWS)
    terms = loss_terms(loss, z[drawn], t[drawn])
    if terms is None:
        return Interval.none("the loss is no mean over rows")
    return bca(terms, loss_of_means, score=score, used=len(drawn), rows=len(t))


def metric_terms(metric: Metric, p: Array, t: Array) -> Array | None:
    """`Metric.terms` (N, K); NnfsError if they have another shape."""
    terms = metric.terms(p, t)
    return None if terms is None else _checked(metric, "terms", terms, len(t), 2)


def metric_hits(metric: Metric, p: Array, t: Array) -> Array | None:
    """`Metric.hits` (N,); NnfsError if they have another shape."""
    hits = metric.hits(p, t)
    return None if hits is None else _checked(metric, "hits", hits, len(t), 1)


def loss_terms(loss: Loss, z: Array, t: Array) -> Array | None:
    """(G, 2) weights and weighted losses of random groups of rows; None if the loss is no mean over rows."""
    if not adds_up(loss):
        return None
    order, starts = random_groups(len(t))
    groups = np.split(order, starts[1:])
    terms = np.array([(loss.weight(t[rows]), loss.value(z[rows], t[rows])) for rows in groups])
    terms[:, 1] *= terms[:, 0]
    return terms if np.isclose(terms[:, 0].sum(), loss.weight(t), rtol=1e-4) else None


def loss_of_means(means: Array) -> Array:
    """The loss (...) of means (..., 2) of `loss_terms`."""
    return np.asarray(means[..., 1] / means[..., 0])


def class_intervals(hits: int, predicted: int, actual: int) -> dict[str, Interval]:
    """Wilson's intervals of a class's precision, recall and F1.

    F1 is 2 J / (1 + J), with J = hits / rows that are of the class or predicted as it, a proportion.
    """
    shared = wilson(hits, predicted + actual - hits)
    low, high = (2.0 * end / (1.0 + end) for end in (shared.low, shared.high))
    f1 = Interval(low, high, shared.method, shared.level)
    return {"precision": wilson(hits, predicted), "recall": wilson(hits, actual), "f1": f1}


def _or_none(interval: Callable[[], Interval]) -> Interval:
    """An interval; none, with the reason, if a plugin fails at it: a finished training is kept."""
    try:
        with plugin_errors():
            return interval()
    except NnfsError as error:
        return Interval.none(str(error))


def _checked(metric: Metric, method: str, found: Array, rows: int, ndim: int) -> Array:
    """What a metric, as of a plugin, says of rows; NnfsError if it is not of that shape."""
    if not isinstance(found, np.ndarray) or found.ndim != ndim or len(found) != rows:
        refuse_result(metric, method, f"an array of shape {'(N,)' if ndim == 1 else '(N, K)'}", found)
    return found
