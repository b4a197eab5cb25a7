"""Hidden units that no longer learn: dead and saturated ones."""

import math
from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.layers.base import ALL_REALS, Layer

NEAR = 0.025
"""A number is near an end of its interval if it is this part of the length away: beyond it, the slope of a
sigmoid and of tanh is less than a tenth of its largest."""
MOST_ROWS = 0.95
"""A saturated unit is near an end for more than this part of the rows."""


def units_of(y: Array) -> Array:
    """y (N, ...) as (values, units): a unit is a column, or of images (N, C, H, W) a channel."""
    return y.reshape(-1, y.shape[-1]) if y.ndim < 4 else np.moveaxis(y, 1, -1).reshape(-1, y.shape[1])


def has_units(layers: Sequence[Layer]) -> list[bool]:
    """For each layer whether it is an activation function whose units can die or saturate.

    Those at the end do not count: a network's outputs may well be near 0 and 1.
    """
    bounded = [
        layer.output_range(ALL_REALS) != ALL_REALS and not layer.sums_to_one and not layer.params()
        for layer in layers
    ]
    last = max((i for i, layer in enumerate(layers) if layer.params()), default=0)
    return [each and i < last for i, each in enumerate(bounded)]


def dead_units(y: Array) -> Array:
    """Of outputs y (N, ...) a boolean for each unit: it gives the same number for every row."""
    units = units_of(y)
    return np.asarray(np.ptp(units, axis=0) <= 1e-6 * np.abs(units).max(initial=0.0))


def saturated_units(layer: Layer, y: Array) -> Array:
    """Of outputs y (N, ...) a boolean for each unit: it is near an end of its interval for most rows.

    A dead unit may be saturated too. Where the interval has no two ends, as relu's, no unit is saturated.
    """
    units = units_of(y)
    low, high = layer.output_range(ALL_REALS)
    if not (math.isfinite(low) and math.isfinite(high)):
        return np.zeros(units.shape[1], bool)
    margin = NEAR * (high - low)
    near = (units < low + margin) | (units > high - margin)
    return np.asarray(near.mean(axis=0) > MOST_ROWS)
