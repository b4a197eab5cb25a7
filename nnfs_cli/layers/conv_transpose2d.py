"""Transposed two-dimensional convolution."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, Param, Shape, ones
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.xavier_uniform import XavierUniform
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer, ShapeError
from nnfs_cli.layers.windows import OneOrPair, Windows, batch_last, image_shape, pair

LARGEST_STRIP = 2**19
LONGEST_STRIP = 2**12
"""Numbers and columns of a matrix of windows: enough to keep BLAS busy, few enough to stay in the cache."""


@LAYERS.register("conv_transpose2d")
@dataclass(eq=False)
class ConvTranspose2D(Layer):
    """y[f, r stride + i - padding, s stride + j - padding] += W[c, f, i, j] x[c, r, s], from b[f] on

    x: (N, C, H, W)   W: (C, F / groups, kh, kw)   b: (F,)   y: (N, F, H', W')

    Every pixel of x paints a window of y; where windows overlap, they add up. Dilation multiplies i and j.
    As a map it is the transpose of a conv2d of the same options from images (H', W') to images (H, W).

    H' = (H - 1) stride + dilation (kh - 1) + 1 - 2 padding + output_padding, and W' likewise.

    Let X have a column for each pixel of x, and P one for the window that it paints. Then

    P = W^T X        dX = W dP        dW = X dP^T        db = sum dy

    with dP what the windows see of dy. P is used up a few rows of x at a time, in the processor's cache.

    A number of y has about kh kw / stride^2 windows on it: fan_in is C / groups times that. A number of x
    goes into fan_out = F / groups kh kw.

    Zeiler, Krishnan, Taylor and Fergus, 2010, Deconvolutional networks.
    Dumoulin and Visin, 2016, A guide to convolution arithmetic for deep learning, arXiv:1603.07285.

    filters: F, the number of outputs at each place.
    kernel_size: kh and kw, one number for both or [kh, kw].
    stride: how far apart windows are, one number or [down, right].
    padding: pixels cut off at each side, one number or [vertical, horizontal].
    output_padding: pixels added at the bottom and right, where conv2d's floor would hide them, one number or
        [bottom, right].
    dilation: how far apart the pixels of a window are, one number or [down, right].
    groups: channels and filters are split into so many groups, each of which sees its own channels only.
    init: what W starts from; b starts from zero. He for stacks of ReLU: `init: he_normal`.
    bias: false leaves b out, as before batch_norm, which takes any constant away again.
    """

    filters: int
    kernel_size: OneOrPair
    stride: OneOrPair = 1
    padding: OneOrPair = 0
    output_padding: OneOrPair = 0
    dilation: OneOrPair = 1
    groups: int = 1
    init: Initializer = XavierUniform()
    bias: bool = True
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({"filters": 3, "kernel_size": 3}, (2, 2, 3)),
        ({"filters": 2, "kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}, (1, 3, 2)),
        ({"filters": 2, "kernel_size": 2, "stride": (2, 3), "output_padding": (1, 2)}, (2, 2, 2)),
        ({"filters": 4, "kernel_size": 2, "padding": 1, "dilation": (1, 2), "groups": 2}, (2, 3, 2)),
        ({"filters": 2, "kernel_size": 1, "bias": False}, (3, 1, 2)),
    ]

    def __post_init__(self) -> None:
        steps = zip(pair(self.stride), pair(self.dilation), strict=True)
        extra = zip(pair(self.output_padding), map(max, steps), strict=True)
        check_options(
            self,
            filters=(self.filters >= 1, "a positive integer"),
            kernel_size=(min(pair(self.kernel_size)) >= 1, "one or two positive integers"),
            stride=(min(pair(self.stride)) >= 1, "one or two positive integers"),
            padding=(min(pair(self.padding)) >= 0, "one or two integers of at least 0"),
            output_padding=(
                all(0 <= added < step for added, step in extra),
                "at least 0 and smaller than stride or dilation",
            ),
            dilation=(min(pair(self.dilation)) >= 1, "one or two positive integers"),
            groups=(
                self.groups >= 1 and self.filters % max(self.groups, 1) == 0,
                f"a positive integer that divides filters ({self.filters})",
            ),
        )

    def build(self, shape: Shape) -> Shape:
        channels, *self._image = image_shape(shape)
        if channels % self.groups:
            raise ShapeError(
                f"has {self.groups} groups, which do not divide the {channels} channels of {shape}"
            )
        size, stride, dilation = pair(self.kernel_size), pair(self.stride), pair(self.dilation)
        padding, extra = pair(self.padding), pair(self.output_padding)
        painted = (
            (n - 1) * s + (k - 1) * d + 1 + e
            for n, k, s, d, e in zip(self._image, size, stride, dilation, extra, strict=True)
        )
        height, width = (n - 2 * p for n, p in zip(painted, padding, strict=True))
        if min(height, width) < 1:
            raise ShapeError(
                f"cuts off {padding[0]} x {padding[1]} pixels at each side of images of "
                f"{height + 2 * padding[0]} x {width + 2 * padding[1]}, which leaves none; wants less padding"
            )
        sides = ((padding[0], padding[0]), (padding[1], padding[1]))
        self._windows = Windows((height, width), size, stride, dilation, sides)
        outputs, area = self.filters // self.groups, math.prod(size)
        self._painted = outputs * area
        fan_in = max(channels // self.groups * area // math.prod(stride), 1)
        self.W = Param((channels, outputs, *size), self.init, fan=(fan_in, outputs * area))
        if self.bias:
            self.b = Param((self.filters,), Zeros(), decay=False)
        return (self.filters, height, width)

    def forward(self, x: Array, y: Array) -> None:
        windows, WT = self._windows, self._by_group(self.W.value).swapaxes(1, 2)
        canvas = self._room("y", y) if windows.is_padded else batch_last(y)
        canvas[...] = self.b.value[:, None, None, None] if self.bias else 0.0
        painted = self._over(canvas)
        for rows in self._strips(len(x)):
            X = self._matrix(x, rows)
            P = self._columns(X)
            np.matmul(WT, X, out=P)
            by_place = self._by_place(P, rows)
            for i, j in windows.places:
                pixels = painted[:, :, i, j, rows]
                pixels += by_place[:, :, i, j]
        if windows.is_padded:
            np.copyto(batch_last(y), windows.inside(canvas))

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        seen, dW = self._over(self._padded(dy)), self._by_group(self.W.grad)
        shape = (self.groups, self._painted, dW.shape[1])
        dWT, part = self.scratch("dWT", shape, x.dtype), self.scratch("part of dWT", shape, x.dtype)
        dWT.fill(0.0)
        for rows in self._strips(len(x)):
            X = self._matrix(x, rows)
            # dP X^T is the transpose of dW; in this order BLAS takes less time.
            np.matmul(self._seen(seen, X, rows), X.swapaxes(1, 2), out=part)
            dWT += part
        np.copyto(dW, dWT.swapaxes(1, 2))
        if self.bias:
            pixels = batch_last(dy).reshape(self.filters, -1)
            np.dot(pixels, ones(pixels.shape[1], dy.dtype), out=self.b.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        seen, W = self._over(self._padded(dy)), self._by_group(self.W.value)
        for rows in self._strips(len(x)):
            strip = batch_last(dx)[:, rows]
            dX = self.scratch("dX", (self.groups, W.shape[1], math.prod(strip.shape[1:])), x.dtype)
            np.matmul(W, self._seen(seen, dX, rows), out=dX)
            np.copyto(strip, dX.reshape(strip.shape))

    def _by_group(self, W: Array) -> Array:
        """W as a matrix for each group, (G, C / G, K), K numbers painted by a pixel: a view."""
        return W.reshape(self.groups, -1, self._painted)

    def _strips(self, n: int) -> Iterator[slice]:
        """The rows of x, so many at a time that their matrix P has the size that suits the processor."""
        height, width = self._image
        columns = width * n
        step = max(min(LARGEST_STRIP // (self.groups * self._painted * columns), LONGEST_STRIP // columns), 1)
        return (slice(start, min(start + step, height)) for start in range(0, height, step))

    def _matrix(self, x: Array, rows: slice) -> Array:
        """X of some rows, (G, C / G, L): a view where x lies batch innermost."""
        strip = batch_last(x)[:, rows]
        return strip.reshape(self.groups, -1, math.prod(strip.shape[1:]))

    def _columns(self, X: Array) -> Array:
        """Room for the P of X, (G, K, L)."""
        return self.scratch("P", (self.groups, self._painted, X.shape[-1]), X.dtype)

    def _seen(self, seen: Array, X: Array, rows: slice) -> Array:
        """dP of some rows, (G, K, L), for their X."""
        dP = self._columns(X)
        np.copyto(self._by_place(dP, rows), seen[..., rows, :, :])
        return dP

    def _by_place(self, P: Array, rows: slice) -> Array:
        """P seen as (G, F / G, kh, kw, rows, W, N)."""
        window = self._windows.size
        strip = (rows.stop - rows.start, self._image[1])
        return P.reshape(self.groups, self.filters // self.groups, *window, *strip, -1)

    def _over(self, padded: Array) -> Array:
        """The window that each pixel of x paints in (F, H', W', N), as (G, F / G, kh, kw, H, W, N)."""
        grouped = padded.reshape(self.groups, -1, *padded.shape[1:])
        height, width = self._image
        return self._windows.over(grouped)[..., :height, :width, :]

    def _padded(self, dy: Array) -> Array:
        """dy with its border of zeros, as (F, H', W', N)."""
        if not self._windows.is_padded:
            return batch_last(dy)
        padded = self._room("dy", dy)
        self._windows.pad(batch_last(dy), 0.0, padded)
        return padded

    def _room(self, name: str, y: Array) -> Array:
        return self.scratch(name, (self.filters, *self._windows.padded, len(y)), y.dtype)
