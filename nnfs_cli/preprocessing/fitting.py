"""Normalization of inputs and targets, fitted to the training rows alone."""

from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array, row_slices
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.limits import SMALLEST

Normalization = Literal["none", "standardize", "minmax", "scale"]


def fit_affine(x: Array, rows: Array, how: Normalization, *, shared: bool = False) -> Affine:
    """The map that normalizes the `rows` of x (R, ...): each feature by itself, or one `shared` map for all.

    standardize: mean 0, standard deviation 1.  minmax: from 0 to 1.  scale: largest absolute value 1.
    A feature that is constant, or changes by less than SMALLEST, keeps its scale.
    """
    if how == "none":
        return IDENTITY
    axes = tuple(range(x.ndim)) if shared else (0,)
    if how == "standardize":
        mean = _average(x, rows, axes, 0.0, 1)
        spread = np.sqrt(_average(x, rows, axes, mean, 2))
        # A spread this small is the rounding error of a constant.
        return Affine(mean, _inverse(np.where(spread <= 1e-12 * np.abs(mean), 0.0, spread)))
    low, high = _extremes(x, rows, axes)
    if how == "minmax":
        return Affine(low, _inverse(high - low))
    return Affine(0.0, _inverse(np.maximum(np.abs(low), np.abs(high))))


def spared(fitted: Affine, one_hot: Array) -> Affine:
    """The map, but for the features (D,) that are one-hot numbers, which stay 0 and 1."""
    if fitted.is_identity or not one_hot.any():
        return fitted
    return Affine(np.where(one_hot, 0.0, fitted.shift), np.where(one_hot, 1.0, fitted.scale))


def _inverse(spread: Array) -> Array:
    """1 / spread, and 1 where the spread is 0."""
    return np.asarray(1.0 / np.where(spread > SMALLEST, spread, 1.0))


def _average(x: Array, rows: Array, axes: tuple[int, ...], shift: Array | float, power: int) -> Array:
    """The mean of (x - shift)^power over the axes, in float64."""
    total, count = np.zeros(()), 0
    for here in row_slices(x, len(rows)):
        part = x[rows[here]].astype(np.float64)
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
    """For `check_options`: whether at most one of the three is true."""
    return standardize + minmax + scale <= 1, "the only one of standardize, minmax and scale that is true"


def choose_normalization(standardize: bool, minmax: bool, scale: bool) -> Normalization:
    """The one that is true, or none."""
    return "standardize" if standardize else "minmax" if minmax else "scale" if scale else "none"
