"""Warping: each image is resampled by a map of its own and by a smooth random field."""

import math

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws


def inverse_maps(
    size: Shape, shift: Array, angle: Array, factors: Array, slant: Array, mirror: Array
) -> Array:
    """Maps M (2, N, 3): image n, once transformed, shows at pixel p what was at q = M_n (p - c, 1).

    c is the center of an image of `size` (H, W). The transformation mirrors the image about c, then
    stretches, slants, rotates and shifts it. p and q are (row, column). M is the inverse transformation,
    since each pixel looks up where it comes from.

    shift: (2, N) pixels down and right.   angle: (N,) radians counterclockwise.   factors: (2, N) of
    height and width.   slant: (N,) radians to the right.   mirror: (N,) -1 to swap left and right, else 1.
    """
    cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(slant)
    down = np.stack([cos, sin]) / factors[0]
    across = np.stack([tan * cos - sin, tan * sin + cos]) / factors[1] * mirror
    maps = np.empty((2, len(angle), 3), np.float32)
    for axis, to in enumerate((down, across)):
        maps[axis, :, :2] = to.T
        maps[axis, :, 2] = (size[axis] - 1) / 2 - (to * shift).sum(axis=0)
    return maps


class SmoothField:
    """d = alpha A G B^T        d: (2, N, H, W), a displacement N(0, alpha^2) of each pixel along each axis

    G holds independent normal numbers on a grid of points sigma apart, up to two sigma beyond the edges.
    A and B hold Gaussians of width sigma around these points, with rows of Euclidean norm 1. The result
    is white noise after a Gaussian filter of width sigma, from sigma^2 times fewer random numbers.
    """

    def __init__(self, n: int, size: Shape, alpha: float, sigma: float) -> None:
        down, across = (_gaussians(length, sigma) for length in size)
        self._down, self._across = down * np.float32(alpha), np.ascontiguousarray(across.T)
        self._grid = np.empty((2, n, down.shape[1], across.shape[1]), np.float32)
        self._half = np.empty((*self._grid.shape[:3], size[1]), np.float32)
        self.d: Array = np.empty((2, n, *size), np.float32)

    def draw(self, draws: Draws) -> Array:
        """Draw a new d."""
        axes, n, *grid = self._grid.shape
        np.copyto(self._grid, np.moveaxis(draws.normal((axes, *grid, n), np.float32), -1, 1))
        np.matmul(self._grid, self._across, out=self._half)  # image by image, as in `Warp`
        np.matmul(self._down, self._half, out=self.d)
        return self.d


def _gaussians(length: int, sigma: float) -> Array:
    """(length, points): the weight of each grid point for each pixel along one axis."""
    points = math.ceil((length - 1) / sigma) + 5
    start = ((length - 1) - (points - 1) * sigma) / 2
    away = np.arange(length)[:, np.newaxis] - (start + sigma * np.arange(points))
    weights: Array = np.exp(-0.5 * np.square(away / sigma))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return weights.astype(np.float32)


class Warp:
    """y(p) = x(q),   q = M (p - c, 1) + d        x, y: (N, H, W) or (N, C, H, W)   M: (2, N, 3)

    d: (2, N, H, W), or none.   c: the center. Between pixels it interpolates linearly along both axes;
    outside of an image is `fill`. If q is exactly at a pixel, y is that pixel, bit for bit.

    Its arrays are made once, for n images of `shape`; it computes in `dtype`.
    """

    def __init__(self, n: int, shape: Shape, fill: float, dtype: npt.DTypeLike) -> None:
        *channels, height, width = shape
        self._last, self._row = (height + 1, width + 1), width + 3
        # A border of `fill`, one pixel before and two after: interpolation at its edge reads one pixel more.
        padded = np.full((math.prod(channels), n, height + 3, self._row), fill, dtype)
        self._inner, self._flat = padded[:, :, 1:-2, 1:-2], padded.reshape(len(padded), -1)
        pixels = np.indices((height, width)).reshape(2, -1) - [[(height - 1) / 2], [(width - 1) / 2]]
        self._pixels = pixels.astype(np.float32)
        self._q, self._floor = (np.empty((2, n, height, width), np.float32) for _ in range(2))
        self._index = np.empty((n, height, width), np.intp)
        self._first = np.arange(n).reshape(-1, 1, 1) * ((height + 3) * self._row)
        self._corners = [np.empty((n, height, width), dtype) for _ in range(3)]

    def __call__(self, x: Array, maps: Array, d: Array | None, y: Array) -> None:
        """Write x, warped, into y."""
        np.copyto(self._inner, _by_channel(x), casting="same_kind")
        self._look_back(maps)
        if d is not None:
            self._q += d
        self._look_up()
        for source, out in zip(self._flat, _by_channel(y), strict=True):
            self._interpolate(source, out)

    def _look_back(self, maps: Array) -> None:
        """q = M (p - c, 1), for each image by itself: BLAS may round otherwise for more of them at a time."""
        q, product = (each.reshape(2, len(maps[0]), -1) for each in (self._q, self._floor))
        np.multiply(maps[:, :, :1], self._pixels[0], out=q)
        np.multiply(maps[:, :, 1:2], self._pixels[1], out=product)
        q += product
        q += maps[:, :, 2:]

    def _look_up(self) -> None:
        """For each q: the index of the pixel above and to the left, and the distances from that pixel."""
        self._q += 1.0  # the border comes first
        for q, last in zip(self._q, self._last, strict=True):
            np.clip(q, 0.0, last, out=q)
        np.floor(self._q, out=self._floor)
        self._q -= self._floor
        down, across = self._floor
        down *= self._row
        down += across
        np.copyto(self._index, down, casting="unsafe")
        self._index += self._first

    def _interpolate(self, source: Array, out: Array) -> None:
        """out = (1 - r) ((1 - s) a + s b) + r ((1 - s) c + s d), by the four pixels around each q."""
        above, right, below = self._corners
        r, s = self._q
        self._take(source, 0, above)
        self._take(source, 1, right)
        right -= above
        right *= s
        above += right
        self._take(source, self._row, below)
        self._take(source, self._row + 1, right)
        right -= below
        right *= s
        below += right
        below -= above
        below *= r
        np.add(above, below, out=out)

    def _take(self, source: Array, offset: int, out: Array) -> None:
        # All indices are in range: mode="clip" only saves a check and a copy.
        source[offset:].take(self._index, out=out, mode="clip")


def _by_channel(x: Array) -> Array:
    """(N, H, W) or (N, C, H, W) as (C, N, H, W)."""
    return x[np.newaxis] if x.ndim == 3 else np.moveaxis(x, 1, 0)
