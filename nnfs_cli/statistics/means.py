"""Means of a few values, as of scores over seeds: intervals by t, also over folds, and how many more tell."""

import math
from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.statistics.interval import LEVEL, Interval

POWER = 0.8
"""The chance with which so many more runs would tell, if the difference is what it seems to be."""
MOST_RUNS = 10_000


def t_interval(values: Sequence[float], of: str = "seeds", level: float = LEVEL) -> Interval:
    """The t interval for the mean of which n values are a sample: mean +- t_(n - 1) s / sqrt(n).

    of: what the values are of, for the method's name.
    """
    error = _error_of_mean(values, 1.0 / max(len(values), 1))
    return _around(values, error, f"t over {len(values)} {of}", level)


def over_seeds_and_rows(values: Sequence[float], own: Sequence[Interval], of: str = "seeds") -> Interval:
    """The interval for the mean of n runs' values on the same rows: for other seeds, and for other rows.

    of: what the values are of, for the method's name.
    own: each run's own interval, over these rows. Their mean reach below and above the values, and that of
        the t interval over seeds, are put together as the legs of a right triangle are. It is a little too
        wide: a mean of runs depends less on single rows than one run does.
    """
    over_seeds = t_interval(values, of)
    there = [(value, interval) for value, interval in zip(values, own, strict=True) if interval.exists]
    if len(there) < len(values) or not there or not np.isfinite(values).all():
        return over_seeds
    middle, reach = float(np.mean(values)), 0.0
    if over_seeds.exists:
        reach = over_seeds.high - middle
    below = float(np.mean([value - interval.low for value, interval in there]))
    above = float(np.mean([interval.high - value for value, interval in there]))
    method = f"t over {len(values)} {of}, and {there[0][1].method}"
    return Interval(middle - math.hypot(reach, below), middle + math.hypot(reach, above), method)


def corrected_t(
    differences: Sequence[float], test_share: float, of: str = "folds", level: float = LEVEL
) -> tuple[Interval, float]:
    """The interval for the mean of J differences over folds or repeated splits; the p value of no difference.

    Folds share training rows, so their differences vary together, and a plain t test finds differences
    where there are none. The variance of the mean is taken as (1/J + n_test / n_train) s^2.

    test_share: n_test / (n_test + n_train), as 0.2 for 5 folds.
    of: what the differences are of, for the method's name.
    The p value is not a number where the differences have no spread.

    Nadeau and Bengio, 2003, Inference for the generalization error.
    """
    from scipy.special import stdtr

    factor = 1.0 / max(len(differences), 1) + test_share / (1.0 - test_share)
    error = _error_of_mean(differences, factor)
    interval = _around(differences, error, f"corrected t over {len(differences)} {of}", level)
    if not interval.exists:
        return interval, math.nan
    t = abs(float(np.mean(differences))) / error
    return interval, 2.0 * float(stdtr(len(differences) - 1, -t))


def welch_t(a: Sequence[float], b: Sequence[float], level: float = LEVEL) -> tuple[Interval, float]:
    """The interval of the mean of b minus that of a, of unpaired values; the p value of no difference.

    The two may have other spreads. p is not a number where there is no interval.

    Welch, 1947, The generalization of Student's problem when several different population variances are
    involved.
    """
    from scipy.special import stdtr, stdtrit

    method = f"Welch's t over {len(a)} and {len(b)} seeds"
    if min(len(a), len(b)) < 2:
        return Interval.none("a single value", level), math.nan
    one, other = (float(np.var(each, ddof=1)) / len(each) for each in (a, b))
    error = math.sqrt(one + other)
    if not error > 1e-12 * float(np.abs([*a, *b]).max()):
        return Interval.none("the scores have no spread", level), math.nan
    freedom = (one + other) ** 2 / (one**2 / (len(a) - 1) + other**2 / (len(b) - 1))
    apart = float(np.mean(b) - np.mean(a))
    half = error * float(stdtrit(freedom, (1.0 + level) / 2.0))
    p = 2.0 * float(stdtr(freedom, -abs(apart) / error))
    return Interval(apart - half, apart + half, method, level), p


def runs_needed(
    differences: Sequence[float], level: float = LEVEL, test_share: float = 0.0, *, by_signs: bool = False
) -> int | None:
    """About how many more pairs would tell whether the mean difference is zero; None if nobody can say.

    If the true difference has the mean m and the spread s of these, a t test of n pairs finds it with a
    chance of 80 % if (1/n + n_test / n_train) s^2 (t(0.975) + t(0.8))^2 <= m^2. None if m or s is 0, or n
    beyond 10,000.

    test_share: as in `corrected_t`; 0 for pairs that share no rows.
    by_signs: whether a sign-flip test shall tell, whose p of n pairs is a multiple of 2 / 2^n: the t test is
        then held to the largest of these that is still enough.
    """
    have = len(differences)
    spread = float(np.std(differences, ddof=1)) if have > 1 else 0.0
    mean = abs(float(np.mean(differences))) if have else 0.0
    if not (math.isfinite(spread / mean) if mean else False) or _is_flat(differences):
        return None
    n = np.arange(have + 1, MOST_RUNS + 1)
    steps = 2.0 ** np.minimum(n - 1, 50)
    levels = 1.0 - np.floor((1.0 - level) * steps) / steps if by_signs else level
    factor = 1.0 / n + test_share / (1.0 - test_share)
    enough = np.flatnonzero(factor * (_reach(n - 1, levels) * spread / mean) ** 2 <= 1.0)
    return int(n[enough[0]]) - have if len(enough) else None


def runs_needed_unpaired(a: Sequence[float], b: Sequence[float], level: float = LEVEL) -> int | None:
    """About how many more values of each would tell by Welch's t whether the means differ; None likewise.

    From n = (t(0.975) + t(0.8))^2 (s_a^2 + s_b^2) / (mean_b - mean_a)^2 values of each on.
    """
    fewer, apart = min(len(a), len(b)), abs(float(np.mean(b) - np.mean(a)))
    one, other = (float(np.var(each, ddof=1)) if len(each) > 1 else 0.0 for each in (a, b))
    if not (apart and one + other):
        return None
    n = np.arange(fewer + 1, MOST_RUNS + 1)
    freedom = (n - 1) * (one + other) ** 2 / (one**2 + other**2)
    enough = np.flatnonzero(n >= _reach(freedom, level) ** 2 * (one + other) / apart**2)
    return int(n[enough[0]]) - fewer if len(enough) else None


def _reach(freedom: Array, level: float | Array) -> Array:
    """How many standard errors (n,) a mean is from zero that a t test finds with a chance of 80 %."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(freedom, (1.0 + level) / 2.0) + stdtrit(freedom, POWER))


def _error_of_mean(values: Sequence[float], factor: float) -> float:
    """sqrt(factor s^2), with the variance s^2 of the values; 0 where they have no spread."""
    if len(values) < 2 or _is_flat(values):
        return 0.0
    return math.sqrt(factor * float(np.var(values, ddof=1)))


def _around(values: Sequence[float], error: float, method: str, level: float) -> Interval:
    from scipy.special import stdtrit

    if len(values) < 2:
        return Interval.none("a single value" if len(values) else "no values", level)
    if not np.isfinite(values).all():
        return Interval.none("some values are not numbers", level)
    if not error:
        return Interval.none(f"all {len(values)} values are equal", level)
    middle, half = float(np.mean(values)), error * float(stdtrit(len(values) - 1, (1.0 + level) / 2.0))
    return Interval(middle - half, middle + half, method, level)


def _is_flat(values: Sequence[float]) -> bool:
    """Whether values differ by rounding alone."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
