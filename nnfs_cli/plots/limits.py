"""What of long and ragged curves is drawn: limits that strays do not stretch, few points for many steps."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.plots.library import Axes
from nnfs_cli.plots.ticks import log_axis, number_axis

SHORT = 100
"""A curve of fewer points is shown whole."""
BLOCKS, IN_A_BLOCK = 500, 10
SAMPLED = 50_000
STRAY = 0.1
"""The part of a block's points, at each end, that counts as stray."""
WORTH = 1.5
"""Strays are left out where the scale would have to be this many times as long for them."""
PIXELS = 1000


def fit_scale(axes: Axes, curves: list[Array], *, log: bool) -> tuple[float, float]:
    """Choose the y axis of curves, (n,) each: its limits, and whether it is logarithmic, if `log` allows.

    It is so where most values are positive, and typical ones of these differ by a factor of ten. Strays are
    left out; the limits are returned.
    """
    curves = [curve[np.isfinite(curve)] for curve in curves]
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return axes.get_ylim()
    if log and all(np.median(curve) > 0 for curve in curves):
        positive = [curve[curve > 0] for curve in curves]
        low, high = _typical(positive)
        log, curves = (True, positive) if high > 10 * low else (False, curves)
    else:
        log = False
    low, high = _typical(curves)
    whole = min(map(np.min, curves)), max(map(np.max, curves))
    ends = np.array([low, high]), np.array(whole)
    (low, high), (lowest, highest) = np.log10(ends) if log else ends
    if highest - lowest <= WORTH * (high - low) or high == low:
        low, high = lowest, highest
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    limits = np.array([low - room, high + room])
    low, high = 10**limits if log else limits
    axes.set_ylim(low, high)
    (log_axis if log else number_axis)(axes)
    return float(low), float(high)


def _typical(curves: list[Array]) -> tuple[float, float]:
    """The smallest and the largest typical value of all curves."""
    lows, highs = zip(*map(typical_range, curves), strict=True)
    return min(lows), max(highs)


def typical_range(curve: Array) -> tuple[float, float]:
    """The smallest and the largest value (n,) of a curve, but for strays among their neighbors."""
    if len(curve) < SHORT:
        return float(curve.min()), float(curve.max())
    some = curve[:: max(len(curve) // SAMPLED, 1)]
    blocks = min(len(some) // IN_A_BLOCK, BLOCKS)
    size = len(some) // blocks
    # The last block is the last `size` values, so that none are left over.
    rows = np.sort(np.vstack([some[: blocks * size].reshape(blocks, size), some[-size:]]), axis=1)
    cut = max(int(STRAY * size), 1)
    return float(rows[:, cut].min()), float(rows[:, -1 - cut].max())


def mark_strays(axes: Axes, x: Array, y: Array, limits: tuple[float, float], what: str, color: str) -> None:
    """Triangles at the edges for the points (n,) of a curve that are outside of the limits, and how many."""
    low, high = limits
    for out, edge, marker, where in ((y > high, high, "^", "above"), (y < low, low, "v", "below")):
        if count := np.count_nonzero(out):
            places = x[out][:: max(count // PIXELS, 1)]
            axes.plot(
                *(places, np.full(len(places), edge)),
                marker,
                color=color,
                ms=6,
                clip_on=False,
                zorder=4,
                label=f"{where} the scale: {count:,} {what if count == 1 else f'{what}s'}",
            )


def outline(x: Array, y: Array) -> tuple[Array, Array]:
    """A curve (n,) of at most about PIXELS points: of many, the smallest and the largest of each stretch."""
    if len(x) <= 2 * PIXELS:
        return x, y
    starts = np.linspace(0, len(x), PIXELS, endpoint=False).astype(np.intp)
    ends = np.column_stack([np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)])
    return np.repeat(x[starts], 2), ends.ravel()


def stretch_means(x: Array, y: Array, size: int) -> tuple[Array, Array]:
    """The means of x and y (n,) over stretches of `size` points; the rest at the end is left out."""
    starts = np.arange(0, len(x) - size + 1, size)
    end = len(starts) * size
    return np.add.reduceat(x[:end], starts) / size, np.add.reduceat(y[:end], starts) / size
