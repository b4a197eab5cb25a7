"""The scale of images: which numbers are black and white, and what their background is."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array

WHITES = (1.0, 255.0, 65535.0)
"""The numbers that usually stand for white. Black is 0."""

SOME = 10
"""So many rows are no accident: one of so many images should be bright."""

RARE = 0.001
"""The share of numbers that may lie far beyond those of training."""


@dataclass(frozen=True)
class Pixels:
    """The scale of a network's training images.

    low, high: the numbers for black and white.
    background: what is along the images' edges, from black 0 to white 1; None if they have none in common.
    """

    low: float
    high: float
    background: float | None = None

    @classmethod
    def of(cls, x: Array) -> "Pixels | None":
        """The scale of images x: (N, H, W) or (N, C, H, W); None if they are no images."""
        if x.ndim not in (3, 4):
            return None
        return cls.of_range(x.min(), x.max()).with_background(x, agree=0.99)

    @classmethod
    def of_range(cls, low: float, high: float) -> "Pixels":
        """The scale of images whose least and largest numbers these are."""
        return cls(*_limits(float(low), float(high)))

    def with_background(self, *images: Array, agree: float = 1.0) -> "Pixels":
        """The same scale with the background that this share of the images (N, ...) has in common."""
        edges = np.concatenate([self.edges(x) for x in images])
        background = float(edges.mean())
        common = abs(background - 0.5) > 0.25 and np.mean(~_opposite(edges, background)) >= agree
        return replace(self, background=background if common else None)

    def edges(self, x: Array) -> Array:
        """The background of each image (N,), from black 0 to white 1: the median along its four edges."""
        sides = (x[..., 0, :], x[..., -1, :], x[..., :, 0], x[..., :, -1])
        along = np.concatenate(sides, axis=-1).astype(np.float64)
        along = along.mean(axis=1) if along.ndim == 3 else along
        return np.asarray((np.median(along, axis=-1) - self.low) / (self.high - self.low))

    def inverted(self, x: Array) -> Array:
        """Whether each image (N,) has a light background unlike those of training, or a dark one."""
        if self.background is None:
            return np.zeros(len(x), bool)
        return _opposite(self.edges(x), self.background)

    def from_bytes(self, x: Array) -> Array:
        """Pixels 0..255 on this scale."""
        if (self.low, self.high) == BYTES:
            return x
        return np.asarray(self.low + x * ((self.high - self.low) / 255.0))

    def differences(self, x: Array) -> str:
        """In which way images x (N, ...) are unlike those of training, and what helps; or an empty text."""
        if not x.size:
            return ""
        low, high, span = float(x.min()), float(x.max()), self.high - self.low
        largest = high - self.low
        least, most = self.low - (span / 2 if self.low else 0), self.high + span / 2
        beyond = np.count_nonzero((x < least) | (x > most)) > RARE * x.size
        small = 0 < largest <= (span / 8 if len(x) >= SOME else span / 128)
        pale = len(x) >= SOME and self.low < 0 <= low
        if beyond or small or pale:
            return (
                f"numbers from {low:g} to {high:g}, but those of the training images lie from "
                f"{self.low:g} to {self.high:g}{self._remedy(low, high)}"
            )
        if self.background is not None and 2 * np.count_nonzero(self.inverted(x)) > len(x):
            kinds = ("dark", "light") if self.background > 0.5 else ("light", "dark")
            return (
                f"the background is {kinds[0]}, but that of the training images is {kinds[1]}: invert them, "
                f"as {self.low + self.high:g} - x"
            )
        return ""

    def _remedy(self, low: float, high: float) -> str:
        here = _limits(low, high)
        if low < 0 or self.low < 0 or here[1] not in WHITES or self.high not in WHITES:
            return ": bring them to the same scale"
        factor = self.high / here[1]
        return f": multiply them by {factor:g}" if factor > 1 else f": divide them by {1 / factor:g}"


BYTES = (0.0, 255.0)


def pixels_from(record: Any) -> Pixels | None:
    """The inverse of `astuple`. Two numbers, white and a background on its scale, are from version 0.1."""
    if not record or len(record) == 3:
        return record and Pixels(*record)
    largest, background = record
    if not largest:
        raise ValueError("pixels: white is 0")
    share = background / largest
    return Pixels(0.0, largest, share if abs(share - 0.5) > 0.25 else None)


def _limits(low: float, high: float) -> tuple[float, float]:
    """Black and white, from the least and the largest number of some images."""
    if low < 0:
        return (-1.0, 1.0) if -1 <= low < -0.5 and 0.5 < high <= 1 else (low, max(high, 0.0))
    usual = [white for white in WHITES if white / 2 < high <= white]
    return 0.0, usual[0] if usual else high or 1.0


def _opposite(edges: Array, background: float) -> Array:
    """Whether each background (N,) is nearer to the opposite of `background` than to it."""
    return np.abs(edges - background) > np.abs(1.0 - edges - background)
