"""The BCa bootstrap over rows: the interval of any score, by drawing its rows again and again."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.statistics.interval import LEVEL, NORMAL, Interval, two_sided_t
from nnfs_cli.statistics.resampling import (
    MOST_GROUPS,
    drawn_rows,
    group_sums,
    resampled_sums,
    resampling_rng,
)

FEWEST_ROWS = 20
"""Fewer rows say too little of the tails: intervals would be much too narrow."""
ENOUGH_ROWS = 30
"""Of fewer rows, 95 % intervals of squared errors cover some 92 %, and the method says so."""
MOST_BIAS = 0.5
"""Of a standard error. A quarter does little harm (Efron and Tibshirani, 1993, 10.3), and BCa corrects it."""
CALLS = 1_000
"""Resamples of a score that takes a call for each."""
MOST_UNDEFINED = 0.01
"""Of the resamples: more would change their quantiles."""


@dataclass(frozen=True)
class Resampled:
    """A score in the resamples (B,), in the sample itself, and with each row or group left out (G,)."""

    scores: Array
    score: float
    left_out: Array

    @property
    def defined(self) -> Array:
        """The scores of the resamples that have one."""
        return self.scores[np.isfinite(self.scores)]


def bca(
    terms: Array,
    of_means: Callable[[Array], Array],
    *,
    score: float | None = None,
    used: int | None = None,
    rows: int | None = None,
    level: float = LEVEL,
) -> Interval:
    """The BCa interval of a score that is a function of means over rows.

    terms: (N, K) what of each row the means are over. For two models' difference, the terms of both, side
        by side, so that resamples have the same rows of both.
    of_means: from means (..., K) to scores (...).
    score: the score of all rows, to which the interval belongs; by default that of the terms' means.
    used: how many rows the terms are of, if they are sums or means of groups of rows.
    rows: how many rows there are, if only `used` random ones of them are. The interval is narrower by
        sqrt(used / rows) then.

    A resample's means are one product of counts and terms. Of more than 1,000 rows, random groups are
    resampled, whose sums have the same spread, so that time does not grow with N.
    """
    sums, sizes = group_sums(terms), group_sums(np.ones((len(terms), 1)))

    def scores(total: Array, size: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(of_means(total / size), np.float64)

    if len(terms) < FEWEST_ROWS:
        return _too_few(len(terms), level)
    total, size = sums.sum(axis=0), sizes.sum(axis=0)
    found = Resampled(
        scores(resampled_sums(sums), resampled_sums(sizes)),
        float(scores(total, size)),
        scores(total - sums, size - sizes),
    )
    return _interval(found, used or len(terms), rows, score, level)


def bca_by_rows(
    score_of: Callable[[Array], float], rows: int, *, score: float | None = None, level: float = LEVEL
) -> Interval:
    """The BCa interval of any score: `score_of` computes it for rows with these numbers (n,).

    It is called some 2,000 times, for 1,000 rows at most. Of more, 1,000 random ones are resampled, and the
    interval is narrowed by sqrt(1000 / rows).
    """
    if rows < FEWEST_ROWS:
        return _too_few(rows, level)
    drawn, rng = drawn_rows(rows, MOST_GROUPS), resampling_rng()
    n = len(drawn)
    found = Resampled(
        np.array([score_of(drawn[rng.integers(0, n, n)]) for _ in range(CALLS)]),
        score_of(drawn),
        np.array([score_of(np.delete(drawn, row)) for row in range(n)]),
    )
    return _interval(found, n, rows, score, level)


def _too_few(rows: int, level: float) -> Interval:
    few = "a single row" if rows == 1 else f"{rows} rows"
    return Interval.none(f"{few}; a bootstrap needs {FEWEST_ROWS}", level)


def _interval(found: Resampled, used: int, rows: int | None, score: float | None, level: float) -> Interval:
    """The interval around the score of all rows, if that of the rows used has one."""
    center, share = found.score if score is None else score, used / (rows or used)
    if not np.isfinite([center, found.score]).all():
        return Interval.none("the score is undefined", level)
    if why := _why_none(found):
        return Interval.none(why, level)
    low, high = bca_ends(found, level)
    if not abs(center - found.score) <= (high - low) * (0.01 if share == 1.0 else 1.0):
        return Interval.none("the score is not that of the rows that were resampled", level)
    low, high = (center + (end - found.score) * math.sqrt(share) for end in (low, high))
    which = f"{used:,} rows" if share == 1.0 else f"{used:,} of {rows:,} rows"
    if used < ENOUGH_ROWS:
        which += " (so few: nearer 92 %)"
    return Interval(low, high, f"BCa bootstrap over {which}", level)


def _why_none(found: Resampled) -> str:
    """Why resamples tell nothing of the score's spread; else an empty text."""
    scores = found.defined
    undefined = len(scores) < (1.0 - MOST_UNDEFINED) * len(found.scores)
    if undefined or not np.isfinite(found.left_out).all():
        return "the score is undefined without a few of the rows"
    rounding = _rounding(found)
    if scores.max() - scores.min() <= rounding:
        return "the score is the same in all resamples"
    if not scores.min() < found.score - rounding:
        return "no resample has a lower score"
    if not scores.max() > found.score + rounding:
        return "no resample has a higher score"
    moved = scores - found.score
    moved /= np.abs(moved).max()  # else squares of tiny or huge numbers would be 0 or infinite
    if abs(moved.mean()) > MOST_BIAS * moved.std():
        return "resampling alone moves the score, by more than half of its spread"
    return ""


def bca_ends(found: Resampled, level: float = LEVEL) -> tuple[float, float]:
    """The ends of the bias-corrected and accelerated interval.

    With z0, the normal quantile of the share of resamples below the score, and the acceleration
    a = sum d^3 / (6 (sum d^2)^(3/2)), d = mean(left_out) - left_out, the ends are the resamples' quantiles
    Phi(z0 + (z0 +- z) / (1 - a (z0 +- z))).

    Resamples of n rows spread less than new rows would, by sqrt((n - 1) / n), and from few rows nobody knows
    the spread well. So z is sqrt(n / (n - 1)) t, with n - 1 degrees of freedom: of 30 rows 2.08, not 1.96.

    Efron, 1987, Better bootstrap confidence intervals.
    Hesterberg, 2015, What teachers should know about the bootstrap, section 4.
    """
    bias = NORMAL.inv_cdf(_below(found))
    d = found.left_out.mean() - found.left_out
    d /= np.abs(d).max() or 1.0  # it has no unit, and powers of tiny or huge numbers would be 0 or infinite
    squares = np.square(d).sum()
    acceleration = (d**3).sum() / (6.0 * squares**1.5) if squares else 0.0
    n = len(found.left_out)
    z = math.sqrt(n / (n - 1)) * two_sided_t(level, n - 1)
    moved = [bias + (bias + side) / (1.0 - acceleration * (bias + side)) for side in (-z, z)]
    low, high = np.quantile(found.defined, [NORMAL.cdf(each) for each in moved])
    return float(low), float(high)


def _rounding(found: Resampled) -> float:
    """Scores that differ by less are equal."""
    return 1e-12 * float(np.abs(found.defined).max())


def _below(found: Resampled) -> float:
    """The share of resamples below the score, where equal ones count half."""
    difference = found.defined - found.score
    tied = np.abs(difference) <= _rounding(found)
    return float((np.count_nonzero(~tied & (difference < 0)) + np.count_nonzero(tied) / 2) / len(difference))
