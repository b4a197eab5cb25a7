"""Two trained networks on the same rows: their outputs, computed anew, and how far their scores are apart."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.errors import NnfsError, counted
from nnfs_cli.jobs.contenders import Member
from nnfs_cli.jobs.differences import Difference, undefined
from nnfs_cli.jobs.load import load_experiment
from nnfs_cli.jobs.recorded import Score
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.statistics.bootstrap import bca, bca_by_rows
from nnfs_cli.statistics.interval import Interval
from nnfs_cli.statistics.paired import more_rows, paired_proportions, swap_test, swap_test_by_rows
from nnfs_cli.statistics.proportions import mcnemar
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.intervals import loss_of_means, loss_terms, metric_hits, metric_terms, too_few

MCNEMAR = "McNemar's test"
UNDEFINED = Interval.none("the score is undefined")


@dataclass(frozen=True, eq=False)
class Outputs:
    """A run's outputs for a split, as its saved weights give them.

    rows: the numbers (N,) of the split's rows.
    z, p: outputs and predictions (N, M).
    t, targets: as the loss takes them, and in their own units.
    scores: of all rows, with their intervals.
    """

    name: str
    fingerprint: str
    rows: Array
    z: Array
    p: Array
    t: Array
    targets: Array
    loss: Loss
    metrics: Mapping[str, Metric]
    scores: Mapping[str, Score]


def outputs_of(member: Member, split: str) -> tuple[Outputs, list[str]]:
    """A run's outputs for a split, and what its user should know. NnfsError if it has no such split."""
    experiment = load_experiment(member.run)
    found, part = evaluate(experiment, split), experiment.split(split)
    fingerprint = experiment.data.fingerprint
    scores = {name: Score(_defined(value), found.intervals.get(name)) for name, value in found.scores.items()}
    outputs = Outputs(
        name=member.name,
        fingerprint=fingerprint,
        rows=part.rows,
        z=found.outputs,
        p=experiment.predictions(found.outputs),
        t=part.t[part.rows],
        targets=part.targets[part.rows],
        loss=experiment.loss,
        metrics=experiment.metrics,
        scores=scores,
    )
    changed = member.summary.get("data_fingerprint") != fingerprint
    return outputs, [
        f"{member.name}: the data is not what the run was trained on: its fingerprint has changed"
    ] * changed


def refuse_other_rows(a: Outputs, b: Outputs, split: str, why: str) -> None:
    """Raise NnfsError unless both are of the same rows of the same data; `why` says why rows may differ."""
    if a.fingerprint != b.fingerprint:
        raise NnfsError(f"{a.name} and {b.name} are of other data now; scores on other data do not compare")
    if not (np.array_equal(a.rows, b.rows) and np.array_equal(a.targets, b.targets)):
        raise NnfsError(
            f"{a.name} and {b.name} have other {split} rows, so that their outputs do not pair: {why}"
        )


@np.errstate(**IGNORE_OVERFLOW)
def over_rows(a: Outputs, b: Outputs) -> tuple[list[Difference], list[str]]:
    """The differences of the loss and of the metrics that both have; and which of them are not compared."""
    found, notes = [], []
    if to_plain(a.loss) == to_plain(b.loss) and _are_equal(a.t, b.t):
        found.append(_of_loss(a, b))
    else:
        notes.append("loss: not compared, since it is not the same function of the targets")
    for name, metric in a.metrics.items():
        if name not in b.metrics or to_plain(metric) != to_plain(b.metrics[name]):
            notes.append(f"{name}: not compared, since only one of them has it with these options")
        else:
            found.append(_of_metric(name, metric, a, b))
    return found, notes


def _of_loss(a: Outputs, b: Outputs) -> Difference:
    loss, t, value = a.loss, a.t, _apart("loss", a, b)
    test = f"sign-flip over {counted(len(t), 'row')}"
    if value is None:
        return _difference("loss", False, a, b, UNDEFINED, "", math.nan)
    one, other = (loss_terms(loss, each.z, t) for each in (a, b))
    if one is None or other is None:
        interval, p = _by_calls(lambda z, rows: loss.value(z, t[rows]), a.z, b.z, value)
    else:
        interval, p = _by_terms(one, other, loss_of_means, len(t), value)
    return _difference("loss", False, a, b, interval, test, p)


def _of_metric(name: str, metric: Metric, a: Outputs, b: Outputs) -> Difference:
    t, value, test = a.targets, _apart(name, a, b), f"paired permutation over {counted(len(a.rows), 'row')}"
    if value is None:
        return _difference(name, metric.maximize, a, b, UNDEFINED, "", math.nan)
    hits, others = (metric_hits(metric, each.p, t) for each in (a, b))
    one, other = (metric_terms(metric, each.p, t) for each in (a, b))
    if why := too_few(metric, len(t)):
        return undefined(name, metric.maximize, a.scores[name], b.scores[name], why)
    if hits is not None and others is not None:
        only_a, only_b = int(np.count_nonzero(hits & ~others)), int(np.count_nonzero(others & ~hits))
        interval, p, test = paired_proportions(only_a, only_b, len(t)), mcnemar(only_a, only_b), MCNEMAR
    elif one is not None and other is not None:
        interval, p = _by_terms(one, other, metric.of_means, len(t), value, metric.of_resamples)
    else:
        interval, p = _by_calls(lambda p, rows: metric(p, t[rows]), a.p, b.p, value)
    return _difference(name, metric.maximize, a, b, interval, test, p)


def _by_terms(
    one: Array,
    other: Array,
    of_means: Callable[[Array], Array],
    rows: int,
    value: float,
    of_resamples: Callable[[Array, Array], Array] | None = None,
) -> tuple[Interval, float]:
    """The interval of a difference and its p value, of a score that is a function of means over rows."""
    width, wholes = one.shape[1], (one.mean(axis=0), other.mean(axis=0))
    of = of_resamples or (lambda means, _: of_means(means))
    interval = bca(
        np.concatenate([one, other], axis=1),
        lambda means: of(means[..., width:], wholes[1]) - of(means[..., :width], wholes[0]),
        score=value,
        used=rows,
    )
    return interval, swap_test(one, other, of_means)


def _by_calls(
    score: Callable[[Array, Array], float], x: Array, y: Array, value: float
) -> tuple[Interval, float]:
    """The same of any score of outputs x (N, M) of a, and y of b, for some of the rows."""
    interval = bca_by_rows(lambda rows: score(y[rows], rows) - score(x[rows], rows), len(x), score=value)
    return interval, swap_test_by_rows(score, x, y)


def _difference(
    name: str, maximize: bool, a: Outputs, b: Outputs, interval: Interval, test: str, p: float
) -> Difference:
    one, other, value = a.scores[name], b.scores[name], _apart(name, a, b)
    if value is None:
        return undefined(name, maximize, one, other, interval.why_none)
    rows = len(a.rows)
    more = partial(more_rows, value, interval, rows)
    return Difference(name, maximize, one, other, value, interval, test, p, rows, "row", more)


def _apart(name: str, a: Outputs, b: Outputs) -> float | None:
    """b's score minus a's; None if one of them is undefined."""
    one, other = a.scores[name].value, b.scores[name].value
    return None if one is None or other is None else other - one


def _are_equal(t: Array, u: Array) -> bool:
    """Whether targets are the same but for the rounding of float32."""
    return t.shape == u.shape and np.allclose(t, u, rtol=1e-5, atol=1e-5 * float(np.abs(t).max(initial=0.0)))


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
