"""Numeric derivatives: central differences, and whether there is a kink.

For a loss f and a step h,  (f(x + h) - f(x - h)) / 2h  is off by order h^2 from truncation and by
order 1e-16 |f| / h from rounding: h = 1e-5 makes their sum small.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 1e-5
FINE = STEP / 10
AGREEMENT = 5e-7

LARGEST_FOR_FINE = 5.0
"""Rounding makes slopes of larger sums, with h = 1e-6, wrong by 1e-9: too much for a slope of 0.01."""


class Difference(NamedTuple):
    """A slope, and whether the function has a kink there, so that the slope means nothing."""

    slope: float
    kink: bool


def central(at: Callable[[float], float], h: float, middle: float) -> tuple[float, float]:
    """The slope of `at` at 0, and the gap between its two one-sided slopes. middle: at(0)."""
    above, below = at(h), at(-h)
    return (above - below) / (2 * h), abs(above - 2 * middle + below) / h


def derivative(at: Callable[[float], float], middle: float, magnitude: float = 1.0) -> Difference:
    """The derivative at 0 of a function of one number, here a loss along an entry or direction.

    middle: its value at 0.
    magnitude: the size of the numbers that it sums up, which determines its rounding error.

    Where the function is smooth, the gap between its slopes to the left and right shrinks with h. At a
    kink (ReLU's zero, a change of the maximum) the gap stays. If a kink is near, within h, the slopes by
    two steps differ. Differences within the rounding error, about 1e-16 magnitude / h, do not count.
    A number that moves many units often has one of their kinks near by. So where a kink is found, smaller
    steps are tried, unless rounding leaves them too few digits.
    """
    size = max(1.0, magnitude, abs(middle))
    found = _between(at, STEP, middle, size)
    return _between(at, FINE, middle, size) if found.kink and size <= LARGEST_FOR_FINE else found


def _between(at: Callable[[float], float], h: float, middle: float, size: float) -> Difference:
    """The derivative by the steps h and h/10."""
    slope, gap = central(at, h, middle)
    fine_slope, fine_gap = central(at, h / 10, middle)
    rounding = 32 * np.finfo(np.float64).eps * size / (h / 10)
    at_kink = fine_gap > 0.5 * gap + rounding
    near_kink = abs(slope - fine_slope) > AGREEMENT * max(abs(slope), abs(fine_slope)) + rounding
    return Difference(slope, bool(at_kink or near_kink))
