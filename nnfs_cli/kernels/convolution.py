"""Convolution by matrix products: forward, its transpose, and the gradient of the weights."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.kernels.windows import Windows, batch_last

LARGEST_STRIP = 2**19
LONGEST_STRIP = 2**12
"""Numbers, and columns, of a matrix of windows. It is large enough for BLAS and fits into the cache."""

SMALLEST_PRODUCT = 2**14
"""With fewer multiply-adds, calling a matrix product takes longer than computing it."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """Windows (r, s) over images x (N, C, H, W), with their outputs y (N, F, H', W').

    For weights W (F, C / groups, kh, kw) and each row n of x and y:

    gather         y[f, r, s] = b[f] + sum over c, i, j of W[f, c, i, j] x[c, r + i, s + j]
    scatter        x[c, r + i, s + j] = b[c] + sum over f, i, j of W[f, c, i, j] y[f, r, s], its transpose
    weight_grads   dW[f, c, i, j] = sum over n, r, s of y[f, r, s] x[c, r + i, s + j]

    With strides and dilation the pixel is x[c, r stride + i dilation, s stride + j dilation]. A conv2d
    uses gather forward and scatter backward, a conv_transpose2d the other way round.

    Images are batch innermost. gather and scatter compute one row of windows at a time. They copy its pixels
    to columns (W, K, N): kw adjacent columns are the pixels of a window, a contiguous matrix (kw K, N). So
    a pixel is copied once and not for each of its windows, and BLAS multiplies matrices of this size
    without packing them. This takes half the time of one product with the pixels of all windows (im2col).

    scratch: `Layer.scratch`, for arrays that are kept between calls.
    """

    windows: Windows
    groups: int
    scratch: Callable[..., Array]

    def gather(self, x: Array, W: Array, b: Array | None, y: Array) -> None:
        """Compute y from x, as conv2d forward."""
        is_small = W[: len(W) // self.groups].size * len(x) < SMALLEST_PRODUCT
        if is_small and batch_last(y).flags.c_contiguous:
            self._gather_by_strips(x, W, b, y)
            return
        padded, answers = self._padded(x), self._grouped(batch_last(y))
        (height, width), ones = self.windows.size, b is not None
        groups, channels, _, across, n = padded.shape
        columns = self.scratch("columns", (groups, across, height * channels + ones, n), x.dtype)
        columns[:, :, height * channels :] = 1.0  # for b
        pixels = columns[:, :, : height * channels].reshape(groups, across, height, channels, n)
        V = self.scratch("beside", (groups, 1, len(W) // groups, width, columns.shape[2]), x.dtype)
        weights = V[..., : height * channels].reshape(groups, -1, width, height, channels)
        np.copyto(weights, self._by_group(W).transpose(0, 1, 4, 3, 2))
        if b is not None:
            V[..., 1:, -1] = 0.0
            V[..., 0, -1] = b.reshape(groups, 1, -1)
        V = V.reshape(*V.shape[:3], -1)
        neighbors = self._neighbors(columns)[:, :: self.windows.stride[1]][:, : y.shape[3]]
        for r in range(y.shape[2]):
            np.copyto(pixels, self._rows(padded, r).transpose(0, 3, 2, 1, 4))
            np.matmul(V, self._together(neighbors), out=answers[:, :, r].transpose(0, 2, 1, 3))

    def scatter(self, y: Array, W: Array, b: Array | None, x: Array) -> None:
        """Compute x from y by the transposed map, as conv2d's dx from dy."""
        target = self.windows.padded_array(self.scratch, "scattered", x)
        target[...] = 0.0 if b is None else b[:, np.newaxis, np.newaxis, np.newaxis]
        padded, answers = self._grouped(target), self._grouped(batch_last(y))
        height, width = self.windows.size
        groups, channels, _, across, n = padded.shape
        # Pixel column w is in the windows at w, w - 1, ...: their outputs are kw adjacent columns, or zeros.
        reach = (width - 1) * self.windows.dilation[1]
        columns = self.scratch("answers", (groups, reach + across, answers.shape[1], n), x.dtype)
        columns.fill(0.0)
        outputs = columns[:, reach :: self.windows.stride[1]][:, : y.shape[3]]
        V = self.scratch("below", (groups, 1, height, channels, width, answers.shape[1]), x.dtype)
        np.copyto(V[:, 0], self._by_group(W)[..., ::-1].transpose(0, 3, 2, 4, 1))
        V = V.reshape(groups, 1, height * channels, -1)
        neighbors = self._neighbors(columns)
        back = self.scratch("back", (groups, height, channels, across, n), x.dtype)
        product = back.reshape(groups, -1, across, n).transpose(0, 2, 1, 3)
        for r in range(y.shape[2]):
            np.copyto(outputs, answers[:, :, r].transpose(0, 2, 1, 3))
            np.matmul(V, self._together(neighbors), out=product)
            pixels = self._rows(padded, r).transpose(0, 2, 1, 3, 4)
            pixels += back
        self.windows.cut(target, x)

    def weight_grads(self, x: Array, y: Array, dW: Array, db: Array | None) -> None:
        """Compute dW and db from x and y's gradient, which is the argument y.

        Let X have a column for each window, with its pixels and a last 1, and Y a column with its outputs:
        (dW db) = Y X^T. X is made for some rows of windows at a time, so that it stays in the cache.
        """
        seen, inputs, filters = self._window_pixels(x, y), dW[0].size, len(dW) // self.groups
        shape = (self.groups, inputs + (db is not None), filters)
        dVT, part = self.scratch("dVT", shape, x.dtype), self.scratch("part of dVT", shape, x.dtype)
        dVT.fill(0.0)
        for rows in self._strips(seen):
            # The transpose, X Y^T, takes two thirds of the time of Y X^T in BLAS.
            X = self._strip(seen, rows, ones=db is not None)
            np.matmul(X, self._matrix(y, rows).swapaxes(1, 2), out=part)
            dVT += part
        dV = dVT.swapaxes(1, 2)
        np.copyto(dW.reshape(self.groups, filters, inputs), dV[..., :inputs])
        if db is not None:
            np.copyto(db.reshape(self.groups, filters), dV[..., -1])

    def _gather_by_strips(self, x: Array, W: Array, b: Array | None, y: Array) -> None:
        """`gather` as Y = (W b) X, with X as in `weight_grads`: faster for small windows and batches."""
        seen, inputs = self._window_pixels(x, y), W[0].size
        V = self.scratch("V", (self.groups, len(W) // self.groups, inputs + (b is not None)), x.dtype)
        V[..., :inputs] = W.reshape(self.groups, -1, inputs)
        if b is not None:
            V[..., -1] = b.reshape(self.groups, -1)
        for rows in self._strips(seen):
            np.matmul(V, self._strip(seen, rows, ones=b is not None), out=self._matrix(y, rows))

    def _neighbors(self, columns: Array) -> Array:
        """The kw columns of each window, (G, W', kw, K, N), as a view of columns (G, W, K, N)."""
        leap, count = self.windows.dilation[1], self.windows.size[1]
        groups, across, *matrix = columns.shape
        outer, step, *inner = columns.strides
        shape = (groups, across - (count - 1) * leap, count, *matrix)
        return as_strided(columns, shape, (outer, step, leap * step, *inner))

    def _together(self, neighbors: Array) -> Array:
        """Neighbors (G, W', kw, K, N) as matrices (G, W', kw K, N): a view without dilation, else a copy."""
        if self.windows.dilation[1] > 1:
            apart, neighbors = neighbors, self.scratch("together", neighbors.shape, neighbors.dtype)
            np.copyto(neighbors, apart)
        return neighbors.reshape(*neighbors.shape[:2], -1, neighbors.shape[-1])

    def _rows(self, padded: Array, r: int) -> Array:
        """The pixel rows of row r of the windows, (G, C / G, kh, W, N): a view."""
        leap, start = self.windows.dilation[0], r * self.windows.stride[0]
        return padded[:, :, start : start + (self.windows.size[0] - 1) * leap + 1 : leap]

    def _window_pixels(self, x: Array, y: Array) -> Array:
        """The pixels of all windows, (G, C / G, kh, kw, H', W', N): a view."""
        return self.windows.over(self._padded(x))[..., : y.shape[2], : y.shape[3], :]

    def _strips(self, seen: Array) -> Iterator[slice]:
        """Slices of the rows of windows, so that the matrix X of a slice fits into the cache."""
        rows, columns, inputs = seen.shape[-3], math.prod(seen.shape[-2:]), math.prod(seen.shape[:4])
        step = max(min(LARGEST_STRIP // (inputs * columns), LONGEST_STRIP // columns), 1)
        return slices(rows, step)

    def _strip(self, seen: Array, rows: slice, *, ones: bool) -> Array:
        """X for some rows of windows, (G, K, L): the pixels of each of their L windows, and a 1 for b."""
        some = seen[..., rows, :, :]
        inputs, length = math.prod(some.shape[1:4]), math.prod(some.shape[4:])
        X = self.scratch("X", (self.groups, inputs + ones, length), seen.dtype)
        np.copyto(X[:, :inputs].reshape(some.shape), some)
        X[:, inputs:] = 1.0
        return X

    def _matrix(self, y: Array, rows: slice) -> Array:
        """Some rows of y as a matrix for each group, (G, F / G, L): a view if y is batch innermost."""
        strip = batch_last(y)[:, rows]
        return strip.reshape(self.groups, -1, math.prod(strip.shape[1:]))

    def _padded(self, x: Array) -> Array:
        """x padded with zeros, as (G, C / G, H, W, N)."""
        return self._grouped(self.windows.bordered(self.scratch, x, 0.0))

    def _grouped(self, images: Array) -> Array:
        """(C, H, W, N) as (G, C / G, H, W, N): a view."""
        return images.reshape(self.groups, -1, *images.shape[1:])

    def _by_group(self, W: Array) -> Array:
        """W as (G, F / G, C / G, kh, kw): a view."""
        return W.reshape(self.groups, -1, *W.shape[1:])
