"""The ranges of a table's or array's features in training, to tell rows of another scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.pixels import SOME, Pixels

FEWEST = 20
"""The ranges in fewer rows say little about others."""

PIXELS = 16
"""So many features, all on one scale, are taken for the pixels of an image."""


@dataclass(frozen=True, eq=False)
class FeatureRanges:
    """The least and the largest number (D,) of each feature in training."""

    low: Array
    high: Array

    @classmethod
    def of(cls, x: Array) -> "FeatureRanges | None":
        """The ranges in rows x (N, D); None for too few, and for rows of another shape."""
        if x.ndim != 2 or len(x) < FEWEST:
            return None
        return cls(x.min(axis=0).astype(float), x.max(axis=0).astype(float))

    @classmethod
    def from_record(cls, record: Any) -> "FeatureRanges | None":
        """The inverse of `record`."""
        return record and cls(*(np.array(each, float) for each in record))

    def are_pixels(self, among: Array | slice = slice(None)) -> bool:
        """Whether the features, or those `among` them, look like the pixels of an image."""
        low, high = self.low[among], self.high[among]
        return len(low) >= PIXELS and low.min() >= 0 and np.median(high) >= 0.75 * high.max()

    def record(self) -> list[list[float]]:
        """As a JSON list."""
        return [self.low.tolist(), self.high.tolist()]

    def differences(self, x: Array, names: Sequence[str]) -> str:
        """In which way rows x (N, D) are unlike those of training, or an empty text.

        names: the features' names; empty for those that are categories.
        """
        numbers = np.array([bool(name) for name in names])
        varied = np.flatnonzero(numbers & (self.high > self.low))
        if not len(varied) or not len(x):
            return ""
        low, high = self.low[varied], self.high[varied]
        if self.are_pixels(varied):
            return self._pixel_differences(x, high.max())
        x, width = x[:, varied], high - low
        outside = (x < low - width / 4) | (x > high + width / 4)
        off = 2 * np.count_nonzero(outside, axis=0) >= len(x)
        middle = np.median(x, axis=0)
        far = (middle < low - 3 * width) | (middle > high + 3 * width)
        if 2 * np.count_nonzero(outside) <= outside.size and not (len(x) >= SOME and far.any()):
            return ""
        first, *more = np.flatnonzero(off)
        others = f", and {len(more)} more are as far off" if more else ""
        return (
            f"{names[varied[first]]} is {x[:, first].min():g} to {x[:, first].max():g}, but was "
            f"{low[first]:g} to {high[first]:g} in training{others}: bring them to the same units"
        )

    def _pixel_differences(self, x: Array, white: float) -> str:
        """The same for flat images (N, D). Pixels that were constant in training are the background."""
        still = self.high == self.low
        changed = np.abs(x[:, still] - self.low[still]) > white / 2
        found = Pixels.of_range(0.0, white).differences(x).replace("images", "rows")
        if not found and 2 * np.count_nonzero(changed) > changed.size:
            return "most pixels that were constant in training differ here: is light dark, and dark light?"
        return found
