"""An interval: between which values a score is expected, and by which method that was found."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import NormalDist
from typing import Any

NORMAL = NormalDist()
LEVEL = 0.95
"""The share of intervals that contain the true value, if their method's assumptions hold."""
PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e9
"""Larger and smaller numbers are written with an exponent."""
MOST_DIGITS = 15
"""More are rounding."""
UNREADABLE = "it cannot be read"


@dataclass(frozen=True)
class Interval:
    """A confidence interval from `low` to `high`.

    method: how it was found, as `BCa bootstrap over 450 rows`. Where there is none, why, as `none: a single
        row`, and both ends are not numbers.
    level: the share of such intervals that contain the true value.
    """

    low: float
    high: float
    method: str
    level: float = LEVEL

    @classmethod
    def none(cls, why: str, level: float = LEVEL) -> "Interval":
        """No interval, for this reason."""
        return cls(math.nan, math.nan, f"none: {why}", level)

    @classmethod
    def of_json(cls, record: object) -> "Interval":
        """The interval that `to_json` gave; what has another type, as in a run of someone else, is none."""
        match record:
            case {"low": int() | float() as low, "high": int() | float() as high, "method": str(method)}:
                ordered = (
                    -sys.float_info.max <= low <= high <= sys.float_info.max
                )  # as JSON may have other numbers
                return (
                    cls(float(low), float(high), method, _level(record)) if ordered else cls.none(UNREADABLE)
                )
            case {"method": str(method)}:
                return cls(math.nan, math.nan, method, _level(record))
        return cls.none(UNREADABLE)

    def within(self, lowest: float, highest: float) -> "Interval":
        """The part of it where a score can be."""
        return replace(self, low=max(self.low, lowest), high=min(self.high, highest)) if self.exists else self

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def why_none(self) -> str:
        """Why there is none; else an empty text."""
        return "" if self.exists else self.method.removeprefix("none: ")

    @property
    def ends(self) -> str:
        """`[0.905, 0.951]`, with two digits of the width and no more; an empty text if there is none."""
        return f"[{self.shown(self.low)}, {self.shown(self.high)}]" if self.exists else ""

    def shown(self, value: float, digits: int = 0) -> str:
        """A number of the interval's unit as its ends are written, and with so many digits at least.

        All have the same decimals, and the same exponent, if one is needed: `2.1e-11`. Where two digits of
        the width end before the point, zeros follow, as in `27,100`. Nothing is -0. Only for one that exists.
        """
        largest, width = max(abs(self.low), abs(self.high)), self.high - self.low
        power = _exponent(largest)
        decimals = 1 - _exponent(width) if width else 5 - power
        decimals = min(decimals, MOST_DIGITS - power)
        if digits:
            decimals = max(decimals, digits - 1 - _exponent(value))
        if not largest or PLAIN_FROM <= largest < PLAIN_BELOW:
            return f"{round(value, decimals):z,.{max(decimals, 0)}f}"
        return f"{Decimal(value).scaleb(-power):z.{max(decimals + power, 0)}f}e{power:+03}"

    def text(self, score: str) -> str:
        """The score with its interval: `0.931 [0.905, 0.951]`; the score alone if there is none."""
        return f"{score} {self.ends}" if self.exists else score

    def to_json(self) -> dict[str, Any]:
        """A mapping for JSON: low, high (null if there is none), method, level."""
        low, high = (self.low, self.high) if self.exists else (None, None)
        return {"low": low, "high": high, "method": self.method, "level": self.level}


def two_sided(level: float) -> float:
    """z, so that a standard normal number lies between -z and z with probability `level`: 1.96 for 0.95."""
    return NORMAL.inv_cdf((1.0 + level) / 2.0)


def two_sided_t(level: float, freedom: int) -> float:
    """t, so that Student's t with so many degrees of freedom lies between -t and t with probability `level`.

    A series in z and 1 / freedom, right to 4 digits from 10 degrees on. SciPy, which has all digits, takes
    long to load, and each training would wait for it.

    Abramowitz and Stegun, 1964, Handbook of mathematical functions, 26.7.5.
    """
    z = two_sided(level)
    powers = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(power / float(freedom) ** i for i, power in enumerate(powers))


def intervals_json(intervals: Mapping[str, Interval]) -> dict[str, dict[str, Any]]:
    """Intervals by name, as a mapping for JSON."""
    return {name: interval.to_json() for name, interval in intervals.items()}


def read_intervals(records: object) -> dict[str, dict[str, Interval]]:
    """The intervals that a run's JSON has for each split, target or class, by score; none of earlier runs."""
    each = records if isinstance(records, dict) else {}
    return {
        name: {score: Interval.of_json(record) for score, record in intervals.items()}
        for name, intervals in each.items()
        if isinstance(intervals, dict)
    }


def methods_text(intervals: Mapping[str, Interval], of: str) -> str:
    """How a split's intervals were found: `95 % intervals of test: Wilson over 450 rows (accuracy); ...`."""
    names: dict[str, list[str]] = {}
    for name, interval in intervals.items():
        names.setdefault(interval.method, []).append(name)
    if len(names) > 1:
        methods = "; ".join(f"{method} ({', '.join(scores)})" for method, scores in names.items())
    else:
        methods = "".join(names)
    if not any(interval.exists for interval in intervals.values()):
        return f"no intervals of {of}: {methods.replace('none: ', '')}"
    return f"{100 * next(iter(intervals.values())).level:g} % intervals of {of}: {methods}"


def _exponent(number: float) -> int:
    """That of 10 in a number: 3 of 1,500; 0 of zero."""
    return math.floor(math.log10(min(abs(number), sys.float_info.max))) if number else 0


def _level(record: object) -> float:
    match record:
        case {"level": int() | float() as level}:
            return float(level)
    return LEVEL
