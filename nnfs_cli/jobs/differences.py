"""How far two scores are apart, and whether it could be chance: over rows, seeds or folds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from nnfs_cli.jobs.recorded import Score
from nnfs_cli.metrics.base import range_of
from nnfs_cli.statistics.interval import LEVEL, Interval
from nnfs_cli.statistics.means import (
    corrected_t,
    over_seeds_and_rows,
    runs_needed,
    runs_needed_unpaired,
    t_interval,
    welch_t,
)
from nnfs_cli.statistics.sign_flip import sign_flip

Verdict = Literal["better", "worse", "cannot tell", "undefined"]
ALPHA = 1.0 - LEVEL


@dataclass(frozen=True)
class Difference:
    """A score of b against that of a.

    name, maximize: of the score, and whether larger is better.
    value: b's minus a's; None if one of them is undefined.
    interval: the value's. Where there is none, its method says why.
    test, p: the test that a and b are as good, and its p value; not a number if there is none.
    tests: of how many comparisons this is one; `adjusted` is p by Holm's method for so many.
    pairs, of: how many pairs of what were compared, as 10 seeds; for unpaired ones the smaller number.
    more_at: about how many more would tell at a level, as 0.95; None if nobody can say.
    """

    name: str
    maximize: bool
    a: Score
    b: Score
    value: float | None
    interval: Interval
    test: str
    p: float
    pairs: int
    of: str
    more_at: Callable[[float], int | None] = field(default=lambda _: None, compare=False)
    tests: int = 1
    adjusted: float = math.nan

    @property
    def more(self) -> int | None:
        """About how many more would tell; of several comparisons, as surely as Holm's method asks."""
        return self.more_at(1.0 - ALPHA / self.tests)

    @property
    def verdict(self) -> Verdict:
        """Whether b is better than a. An interval that contains zero, or a p of 0.05 or more, cannot tell."""
        if self.value is None:
            return "undefined"
        p = self.p if math.isnan(self.adjusted) else self.adjusted
        interval = self.interval
        crosses = interval.exists and interval.low <= 0.0 <= interval.high
        if not p < ALPHA or crosses or not self.value:
            return "cannot tell"
        return "better" if (self.value > 0) == self.maximize else "worse"

    @property
    def fewest(self) -> int:
        """How many pairs a sign-flip test needs before it can find anything.

        Its smallest p is 2 / 2^n, and Holm's method multiplies that by the number of tests.
        """
        return math.floor(math.log2(2 * self.tests / ALPHA)) + 1

    @property
    def too_few(self) -> bool:
        """Whether no difference, however large, could have been found with so few seeds."""
        return self.test.startswith("sign-flip") and self.of == "seed" and self.pairs < self.fewest

    def to_json(self) -> dict[str, Any]:
        return {
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "maximize": self.maximize,
            "difference": self.value,
            "interval": self.interval.to_json(),
            "test": self.test,
            "p": self.p,
            "p_adjusted": self.adjusted,
            "comparisons": self.tests,
            "pairs": self.pairs,
            "pairs_of": self.of,
            "verdict": self.verdict,
            "more_needed": self.more,
        }


def undefined(name: str, maximize: bool, a: Score, b: Score, why: str) -> Difference:
    """A score that at least one of the two does not have."""
    return Difference(name, maximize, a, b, None, Interval.none(why), "none", math.nan, 0, "")


def over_seeds(
    name: str,
    maximize: bool,
    a: Sequence[float],
    b: Sequence[float],
    own: tuple[Sequence[Interval], Sequence[Interval]] | None = None,
) -> Difference:
    """Scores (n,) of pairs of runs with the same seeds and rows: the sign-flip test, and t intervals.

    own: the runs' own intervals over these rows, for those of the scores; not for that of the difference.
    """
    ones, others = own or ([Interval.none("unknown")] * len(a),) * 2
    differences = _apart(a, b)
    n = len(differences)
    return Difference(
        name,
        maximize,
        a=_mean(name, a, over_seeds_and_rows(a, ones)),
        b=_mean(name, b, over_seeds_and_rows(b, others)),
        value=float(np.mean(differences)),
        interval=t_interval(differences),
        test=f"sign-flip over {n} seeds",
        p=sign_flip(differences),
        pairs=n,
        of="seed",
        more_at=partial(runs_needed, differences, by_signs=True),
    )


def over_folds(
    name: str, maximize: bool, a: Sequence[float], b: Sequence[float], test_share: float
) -> Difference:
    """Scores (J,) of the same folds: Nadeau and Bengio's corrected t, for intervals and test.

    test_share: the share of the folds' rows that are validated.
    """
    return _corrected(name, maximize, a, b, test_share, "folds", "fold")


def over_splits(
    name: str, maximize: bool, a: Sequence[float], b: Sequence[float], test_share: float
) -> Difference:
    """The same of pairs of runs with the same seeds, each of which splits the rows anew."""
    return _corrected(name, maximize, a, b, test_share, "splits", "seed")


def _corrected(
    name: str,
    maximize: bool,
    a: Sequence[float],
    b: Sequence[float],
    test_share: float,
    over: str,
    of: str,
) -> Difference:
    differences = _apart(a, b)
    interval, p = corrected_t(differences, test_share, over)
    return Difference(
        name,
        maximize,
        a=_mean(name, a, corrected_t(a, test_share, over)[0]),
        b=_mean(name, b, corrected_t(b, test_share, over)[0]),
        value=float(np.mean(differences)),
        interval=interval,
        test=f"Nadeau and Bengio's corrected t over {len(differences)} {over}",
        p=p,
        pairs=len(differences),
        of=of,
        more_at=lambda level: runs_needed(differences, level, test_share),
    )


def _apart(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """b - a of each pair (n,); 0 where rounding alone tells them apart."""
    apart, size = np.subtract(b, a), np.maximum(np.abs(a), np.abs(b))
    return list(np.where(np.abs(apart) <= 1e-12 * size, 0.0, apart).tolist())


def _mean(name: str, values: Sequence[float], interval: Interval) -> Score:
    """The mean of a score's values, with the part of its interval where such a score can be."""
    return Score(float(np.mean(values)), interval.within(*range_of(name)))


def unpaired(name: str, maximize: bool, a: Sequence[float], b: Sequence[float]) -> Difference:
    """Scores of runs that do not pair: Welch's t, for interval and test."""
    interval, p = welch_t(a, b)
    return Difference(
        name,
        maximize,
        a=_mean(name, a, t_interval(a)),
        b=_mean(name, b, t_interval(b)),
        value=float(np.mean(b) - np.mean(a)),
        interval=interval,
        test=f"Welch's t over {len(a)} and {len(b)} seeds",
        p=p,
        pairs=min(len(a), len(b)),
        of="seed",
        more_at=lambda level: runs_needed_unpaired(a, b, level) if interval.exists else None,
    )
