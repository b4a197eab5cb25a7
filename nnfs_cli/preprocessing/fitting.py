"""What is fitted to the training rows, and to no other: how inputs and targets are normalized."""

from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices
from nnfs_cli.preprocessing.affine import IDENTITY, Affine

Normalization = Literal["none", "standardize", "minmax", "scale"]

HUGE = 2.0**600
"""Numbers of this size, some 1e180, have no squares in float64."""


def fit_affine(x: Array, rows: Array, how: Normalization, *, alike: bool = False) -> Affine:
    """The map that normalizes the `rows` of x (R, ...), each entry of a row by itself, or all `alike`.

    standardize: mean 0, standard deviation 1.  minmax: from 0 to 1.  scale: largest size 1.
    An entry that never changes keeps its size.
    """
    if how == "none":
        return IDENTITY
    axes = tuple(range(x.ndim)) if alike else (0,)
    if how == "standardize":
        mean, spread = _mean_and_spread(x, rows, axes)
        # What is left of a constant after rounding is no spread.
        constant = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
        return Affine(mean, 1.0 / np.where(constant, 1.0, spread))
    low, high = _extremes(x, rows, axes)
    if how == "minmax":
        return Affine(low, 1.0 / np.where(high > low, high - low, 1.0))
    largest = np.maximum(np.abs(low), np.abs(high))
    return Affine(0.0, 1.0 / np.where(largest > 0.0, largest, 1.0))


def _mean_and_spread(x: Array, rows: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and standard deviation over the axes; in units of HUGE where squares are no float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = _average(x, rows, axes, 0.0, 1)
        spread = np.sqrt(_average(x, rows, axes, mean, 2))
    fits = np.isfinite(spread)
    if fits.all():
        return mean, spread
    large_mean = _average(x, rows, axes, 0.0, 1, HUGE)
    large_spread = np.sqrt(_average(x, rows, axes, large_mean, 2, HUGE))
    return np.where(fits, mean, large_mean * HUGE), np.where(fits, spread, large_spread * HUGE)


def _average(
    x: Array, rows: Array, axes: tuple[int, ...], shift: Array | float, power: int, unit: float = 1.0
) -> Array:
    """The mean of (x / unit - shift)^power over the axes, in float64."""
    total, count = np.zeros(()), 0
    for here in row_slices(x, len(rows)):
        part = x[rows[here]].astype(np.float64)
        if unit != 1.0:
            part /= unit
        part -= shift
        total = total + (part**power).sum(axis=axes)
        count += part.size
    return np.asarray(total / (count / max(np.size(total), 1)))


def _extremes(x: Array, rows: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    low = high = x[rows[0]] if axes == (0,) else np.asarray(x[rows[0]].flat[0])
    for here in row_slices(x, len(rows)):
        part = x[rows[here]]
        low, high = np.minimum(low, part.min(axis=axes)), np.maximum(high, part.max(axis=axes))
    return low.astype(np.float64), high.astype(np.float64)


def check_normalization(standardize: bool, minmax: bool, scale: bool) -> tuple[bool, str]:
    """For `check_options`, as `standardize`: at most one of them may be on."""
    return standardize + minmax + scale <= 1, "the only one of standardize, minmax and scale that is true"


def choose_normalization(standardize: bool, minmax: bool, scale: bool) -> Normalization:
    """The one that is on."""
    return "standardize" if standardize else "minmax" if minmax else "scale" if scale else "none"
