"""Proportions: Wilson's interval for one, McNemar's test for two of the same rows."""

import math

from nnfs_cli.statistics.interval import LEVEL, Interval, two_sided


def wilson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """Wilson's interval for the proportion of which `successes` of n independent rows are a sample.

    With s = successes / n and z = 1.96: (s + z^2 / 2n +- z sqrt(s (1 - s) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    It stays within 0 and 1, and tells something even where all rows are successes.

    Wilson, 1927, Probable inference, the law of succession, and statistical inference.
    """
    if n < 1:
        return Interval.none("no rows", level)
    z, share = two_sided(level), successes / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + (z / (2 * n)) ** 2)
    whole = 1.0 + z * z / n
    low = 0.0 if successes <= 0 else (middle - half) / whole
    high = 1.0 if successes >= n else (middle + half) / whole
    return Interval(low, high, f"Wilson over {n:,} row{'s' * (n != 1)}", level)


def mcnemar(only_a: int, only_b: int) -> float:
    """The p value of McNemar's exact test that two models are right equally often, on the same rows.

    only_a, only_b: rows where only the one is right. If both were as good, each such row were a toss of a
        coin: p = 2 P(at most the smaller number of heads in only_a + only_b tosses).

    McNemar, 1947, Note on the sampling error of the difference between correlated proportions.
    """
    from scipy.special import bdtr

    tosses = only_a + only_b
    return min(1.0, 2.0 * float(bdtr(min(only_a, only_b), tosses, 0.5))) if tosses else 1.0
