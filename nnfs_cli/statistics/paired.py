"""Two models on the same rows: how often either is right, a test of any score; and many tests at once."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.statistics.bootstrap import CALLS
from nnfs_cli.statistics.interval import LEVEL, Interval, two_sided
from nnfs_cli.statistics.means import POWER
from nnfs_cli.statistics.resampling import MOST_GROUPS, drawn_rows, group_sums, resampling_rng
from nnfs_cli.statistics.sign_flip import DRAWN, PIECE


def paired_proportions(only_a: int, only_b: int, rows: int, level: float = LEVEL) -> Interval:
    """The interval of how much more often b is right than a, on the same rows.

    With q = (only_b + 1) / (N + 2) and r = (only_a + 1) / (N + 2) it is
    q - r +- z sqrt((q + r - (q - r)^2) / (N + 2)).
    It tells something even where both are right in the same rows.

    Bonett and Price, 2012, Adjusted Wald confidence interval for a difference of binomial proportions based
    on paired data.
    """
    if rows < 1:
        return Interval.none("no rows", level)
    q, r = (only_b + 1) / (rows + 2), (only_a + 1) / (rows + 2)
    half = two_sided(level) * math.sqrt((q + r - (q - r) ** 2) / (rows + 2))
    method = f"Bonett and Price over {rows:,} row{'s' * (rows != 1)}"
    return Interval(max(q - r - half, -1.0), min(q - r + half, 1.0), method, level)


def swap_test(a: Array, b: Array, of_means: Callable[[Array], Array]) -> float:
    """The p value that two models have the same score, which is a function of means over rows.

    a, b: (N, K) what of each row the means are over, of either model.
    of_means: from means (..., K) to scores (...).

    If neither is better, their outputs for a row might as well be swapped. p is the share of 10,000 random
    swaps, the observed one among them, with a |difference| as large as that observed. Of a mean it is the
    sign-flip test. Of more than 1,000 rows, random groups are swapped.

    Noreen, 1989, Computer-intensive methods for testing hypotheses.
    """
    one, other = group_sums(a) / len(a), group_sums(b) / len(b)
    rng, change, as_large = resampling_rng(), other - one, 0

    def sides(moved: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return of_means(other.sum(axis=0) - moved), of_means(one.sum(axis=0) + moved)

    least = _as_large_as(*(float(side[0]) for side in sides(np.zeros((1, a.shape[1])))))
    for size in [PIECE] * (DRAWN // PIECE - 1) + [PIECE - 1]:
        swaps = rng.integers(0, 2, (size, len(one)), np.int8).astype(np.float64)
        # A score that is undefined after a swap counts as one that is as far apart.
        as_large += int(np.count_nonzero(~(np.abs(np.subtract(*sides(swaps @ change))) < least)))
    return (1 + as_large) / DRAWN


def swap_test_by_rows(score_of: Callable[[Array, Array], float], a: Array, b: Array) -> float:
    """The same test of any score, by 1,000 random swaps of at most 1,000 rows, drawn at random.

    score_of: computes a score from outputs (n, ...) for rows with these numbers (n,).
    a, b: (N, ...) outputs of either model for all rows.
    """
    rows, rng, as_large = drawn_rows(len(a), MOST_GROUPS), resampling_rng(), 0
    one, other = a[rows], b[rows]

    def sides(swap: Array) -> tuple[float, float]:
        swapped = swap.reshape(-1, *(1,) * (one.ndim - 1))
        of_b, of_a = (np.where(swapped, x, y) for x, y in ((one, other), (other, one)))
        return score_of(of_b, rows), score_of(of_a, rows)

    least = _as_large_as(*sides(np.zeros(len(rows), bool)))
    for _ in range(CALLS - 1):
        of_b, of_a = sides(rng.integers(0, 2, len(rows)).astype(bool))
        as_large += not abs(of_b - of_a) < least
    return (1 + as_large) / CALLS


def _as_large_as(b: float, a: float) -> float:
    """The least |difference| that is as large as that of two scores, but for rounding."""
    return abs(b - a) - 1e-12 * max(abs(b), abs(a))


def more_rows(difference: float, interval: Interval, rows: int, level: float = LEVEL) -> int | None:
    """About how many more rows would tell a difference from zero; None if nobody can say.

    From its interval's width: the spread shrinks with the root of the rows, and a chance of 80 % is wanted.
    """
    z = two_sided(level)
    error = (interval.high - interval.low) / (2 * two_sided(interval.level))
    if not (interval.exists and difference and error):
        return None
    wanted = rows * ((z + two_sided(2 * POWER - 1)) * error / abs(difference)) ** 2
    return max(math.ceil(wanted) - rows, 1) if wanted < 1e9 else None


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values adjusted for so many tests: the k-th smallest of m times m - k + 1, and never falling.

    Those that are not numbers were no tests, and do not count.

    Holm, 1979, A simple sequentially rejective multiple test procedure.
    """
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    adjusted, largest = list(p_values), 0.0
    for k, (p, i) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - k)))
        adjusted[i] = largest
    return adjusted
