"""Augmentation: small random changes of training images, new ones in each epoch."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.options import Options
from nnfs_cli.core.ranges import Expected, Fraction, NonNegativeFloat, NonNegativeInt
from nnfs_cli.preprocessing.warp import SmoothField, Warp, inverse_maps

MOST_PIXELS = 16_000_000
"""float32 holds whole numbers exactly up to 2^24, and so all pixel indices of such images."""


@dataclass(frozen=True)
class Elastic(Options):
    """Every pixel moves at random, and neighbors move alike.

    Simard, Steinkraus and Platt, 2003, Best Practices for Convolutional Neural Networks Applied to
    Visual Document Analysis. Their alpha is the size before smoothing, this one the size after it:
    34 there, with sigma 4, is 1.4 here (0.163 alpha / sigma).

    alpha: the standard deviation of each pixel's displacement along each axis, in pixels.
    sigma: the width of the smoothing Gaussian, in pixels; the larger, the smoother.
    """

    alpha: NonNegativeFloat
    sigma: Annotated[float, Ge(1)] = 4.0


@dataclass(frozen=True)
class Augmentation(Options):
    """Random changes of images (N, H, W) or (N, C, H, W), in training alone; new ones for each epoch

    Each change is drawn uniformly from a range around no change. All changes of an image make one map, so
    each image is interpolated once, linearly along both axes.

    shift: the largest shift along each axis, in whole pixels, so that a shift alone blurs nothing.
    rotation: the largest rotation, in degrees, either way.
    zoom: the largest relative change of height, and of width; each is drawn by itself.
    shear: the largest slant of upright lines, in degrees, either way.
    flip: swap left and right, with probability 1/2.
    elastic: bend images: `{alpha: 1.4, sigma: 4}`; null for none.
    fill: the raw pixel value outside of an image.
    """

    shift: NonNegativeInt = 0
    rotation: Annotated[float, Ge(0), Le(180), Expected("from 0 to 180 degrees")] = 0.0
    zoom: Fraction = 0.0
    shear: Annotated[float, Ge(0), Le(60), Expected("from 0 to 60 degrees")] = 0.0
    flip: bool = False
    elastic: Elastic | None = None
    fill: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        bends = self.elastic is not None and self.elastic.alpha > 0
        return not (self.shift or self.rotation or self.zoom or self.shear or self.flip or bends)

    def check_rows(self, shape: Shape) -> None:
        """Raise NnfsError if rows of `shape` are no images, too large, or could be shifted out of sight."""
        if len(shape) not in (2, 3):
            raise NnfsError(
                f"dataset.augment: is for images, rows of shape (H, W) or (C, H, W), found {shape}"
            )
        height, width = shape[-2:]
        if self.shift >= min(height, width):
            raise NnfsError(
                f"dataset.augment.shift: must be smaller than the images, {height} x {width}, "
                f"found {self.shift}"
            )
        if height * width > MOST_PIXELS:
            raise NnfsError(f"dataset.augment: takes up to {MOST_PIXELS:,} pixels, found {height} x {width}")

    def draw_maps(self, n: int, size: Shape, draws: Draws) -> Array:
        """Random maps (2, n, 3) for `Warp`. The number of draws does not depend on the options."""
        shift = draws.integers((2, n), -self.shift, self.shift)
        angle, higher, wider, slant, side = draws.uniform((5, n), -1.0, 1.0)
        factors = 1.0 + self.zoom * np.stack([higher, wider])
        mirror = np.where(self.flip & (side < 0), -1.0, 1.0)
        angle, slant = np.radians(self.rotation * angle), np.radians(self.shear * slant)
        return inverse_maps(size, shift, angle, factors, slant, mirror)


class Augmenter:
    """Augments batches of n images of `shape`, with new draws for each batch; results are of type `dtype`."""

    def __init__(
        self, options: Augmentation, n: int, shape: Shape, dtype: npt.DTypeLike, draws: Draws
    ) -> None:
        self._options, self._n, self._size = options, n, shape[-2:]
        self._draws = draws
        self._warp = Warp(n, shape, options.fill, dtype)
        elastic = options.elastic
        self._field = SmoothField(n, self._size, elastic.alpha, elastic.sigma) if elastic else None

    def __call__(self, x: Array, y: Array) -> None:
        """Write x, augmented, into y."""
        maps = self._options.draw_maps(self._n, self._size, self._draws)
        self._warp(x, maps, self._field.draw(self._draws) if self._field else None, y)
