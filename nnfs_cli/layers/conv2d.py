"""Two-dimensional convolution."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.errors import check_options
from nnfs_cli.core.params import Array, Param, Shape
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.xavier_uniform import XavierUniform
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer, ShapeError
from nnfs_cli.layers.windows import OneOrPair, Padding, Windows, batch_last, image_shape, pair

LARGEST_STRIP = 2**19
LONGEST_STRIP = 2**12
"""Numbers and columns of a matrix of windows: enough to keep BLAS busy, few enough to stay in the cache."""


@LAYERS.register("conv2d")
@dataclass(eq=False)
class Conv2D(Layer):
    """y[f, r, s] = b[f] + sum over c, i, j of W[f, c, i, j] x[c, r + i, s + j]

    x: (N, C, H, W)   W: (F, C / groups, kh, kw)   b: (F,)   y: (N, F, H', W')

    With strides and dilation the pixel is x[c, r stride + i dilation, s stride + j dilation].

    H' = floor((H + padding - dilation (kh - 1) - 1) / stride) + 1, and W' likewise; x is padded with zeros.

    Let X have a column for each window, with what that window sees and a last 1. Then with V = (W b)

    Y = V X        dV = dY X^T        dX = W^T dY, whose entries are added up where windows overlap

    X is made and used up a few output rows at a time, so that it never leaves the processor's cache.

    LeCun, Boser, Denker and others, 1989, Backpropagation applied to handwritten zip code recognition.

    filters: F, the number of outputs at each place.
    kernel_size: kh and kw, one number for both or [kh, kw].
    stride: how far apart windows are, one number or [down, right].
    padding: `valid` for none, `same` for H' = ceil(H / stride), or the pixels at each side, one number or
        [vertical, horizontal].
    dilation: how far apart the pixels are that a window sees, one number or [down, right].
    groups: channels and filters are split into so many groups, each of which sees its own channels only.
    init: what W starts from; b starts from zero. He for stacks of ReLU: `init: he_normal`.
    bias: false leaves b out, as before batch_norm, which takes any constant away again.
    """

    filters: int
    kernel_size: OneOrPair
    stride: OneOrPair = 1
    padding: Padding = "valid"
    dilation: OneOrPair = 1
    groups: int = 1
    init: Initializer = XavierUniform()
    bias: bool = True
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({"filters": 3, "kernel_size": 3}, (2, 5, 4)),
        ({"filters": 2, "kernel_size": (2, 3), "stride": (2, 1), "padding": "same"}, (1, 5, 4)),
        ({"filters": 4, "kernel_size": 2, "padding": (1, 0), "dilation": 2, "groups": 2}, (2, 4, 5)),
        ({"filters": 2, "kernel_size": 1, "stride": 2, "bias": False}, (3, 3, 3)),
    ]

    def __post_init__(self) -> None:
        check_options(
            self,
            filters=(self.filters >= 1, "a positive integer"),
            kernel_size=(min(pair(self.kernel_size)) >= 1, "one or two positive integers"),
            stride=(min(pair(self.stride)) >= 1, "one or two positive integers"),
            padding=(
                isinstance(self.padding, str) or min(pair(self.padding)) >= 0,
                "valid, same, or one or two integers of at least 0",
            ),
            dilation=(min(pair(self.dilation)) >= 1, "one or two positive integers"),
            groups=(
                self.groups >= 1 and self.filters % max(self.groups, 1) == 0,
                f"a positive integer that divides filters ({self.filters})",
            ),
        )

    def build(self, shape: Shape) -> Shape:
        channels, *image = image_shape(shape)
        if channels % self.groups:
            raise ShapeError(
                f"has {self.groups} groups, which do not divide the {channels} channels of {shape}"
            )
        size, stride, dilation = pair(self.kernel_size), pair(self.stride), pair(self.dilation)
        self._windows = Windows.fit((image[0], image[1]), size, stride, self.padding, dilation)
        inputs, outputs, area = channels // self.groups, self.filters // self.groups, size[0] * size[1]
        self._seen = inputs * area
        self.W = Param((self.filters, inputs, *size), self.init, fan=(inputs * area, outputs * area))
        if self.bias:
            self.b = Param((self.filters,), Zeros(), decay=False)
        return (self.filters, *self._windows.output)

    def forward(self, x: Array, y: Array) -> None:
        seen, V = self._windows.over(self._padded(x)), self._weights(x)
        for rows in self._strips(len(x)):
            np.matmul(V, self._columns(seen, rows), out=self._matrix(y, rows))

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        seen = self._windows.over(self._padded(x))
        shape = (self.groups, self._seen + self.bias, self.filters // self.groups)
        dVT, part = self.scratch("dVT", shape, x.dtype), self.scratch("part of dVT", shape, x.dtype)
        dVT.fill(0.0)
        for rows in self._strips(len(x)):
            # X dY^T is the transpose of dV; in this order BLAS takes two thirds of the time.
            np.matmul(self._columns(seen, rows), self._matrix(dy, rows).swapaxes(1, 2), out=part)
            dVT += part
        dV = dVT.swapaxes(1, 2)
        self.W.grad.reshape(self.groups, -1, self._seen)[...] = dV[..., : self._seen]
        if self.bias:
            self.b.grad.reshape(self.groups, -1)[...] = dV[..., -1]

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        windows, WT = self._windows, self.W.value.reshape(self.groups, -1, self._seen).swapaxes(1, 2)
        dpadded = self._grouped(self._room("dx", dx) if windows.is_padded else batch_last(dx))
        dpadded.fill(0.0)
        seen = windows.over(dpadded)
        for rows in self._strips(len(x)):
            dY = self._matrix(dy, rows)
            dX = self.scratch("dX", (self.groups, self._seen, dY.shape[-1]), x.dtype)
            np.matmul(WT, dY, out=dX)
            by_place = self._by_place(dX, rows)
            for i, j in windows.places:
                pixels = seen[:, :, i, j, rows]
                pixels += by_place[:, :, i, j]
        if windows.is_padded:
            np.copyto(batch_last(dx), windows.inside(self._room("dx", dx)))

    def _weights(self, x: Array) -> Array:
        """V = (W b) of each group, (G, F / G, K), for K numbers that a window sees, the 1 included."""
        V = self.scratch("V", (self.groups, self.filters // self.groups, self._seen + self.bias), x.dtype)
        V[..., : self._seen] = self.W.value.reshape(self.groups, -1, self._seen)
        if self.bias:
            V[..., -1] = self.b.value.reshape(self.groups, -1)
        return V

    def _strips(self, n: int) -> Iterator[slice]:
        """The output rows, so many at a time that their matrix X has the size that suits the processor."""
        height, width = self._windows.output
        columns = width * n
        step = max(min(LARGEST_STRIP // (self.groups * self._seen * columns), LONGEST_STRIP // columns), 1)
        return (slice(start, min(start + step, height)) for start in range(0, height, step))

    def _columns(self, seen: Array, rows: slice) -> Array:
        """X of some output rows, (G, K, L): what each of their L windows sees, and a 1 for b."""
        length = (rows.stop - rows.start) * math.prod(seen.shape[-2:])
        X = self.scratch("X", (self.groups, self._seen + self.bias, length), seen.dtype)
        np.copyto(self._by_place(X[:, : self._seen], rows), seen[..., rows, :, :])
        X[:, self._seen :] = 1.0
        return X

    def _by_place(self, X: Array, rows: slice) -> Array:
        """A matrix of windows seen as (G, C / G, kh, kw, rows, W', N)."""
        window, strip = self._windows.size, (rows.stop - rows.start, self._windows.output[1])
        return X.reshape(self.groups, self._seen // math.prod(window), *window, *strip, -1)

    def _matrix(self, y: Array, rows: slice) -> Array:
        """Some rows of outputs (N, F, H', W') as a matrix for each group, (G, F / G, L): a view."""
        strip = batch_last(y)[:, rows]
        return strip.reshape(self.groups, -1, math.prod(strip.shape[1:]))

    def _padded(self, x: Array) -> Array:
        """x with its border of zeros, as (G, C / G, H, W, N)."""
        if not self._windows.is_padded:
            return self._grouped(batch_last(x))
        padded = self._room("padded x", x)
        self._windows.pad(batch_last(x), 0.0, padded)
        return self._grouped(padded)

    def _room(self, name: str, x: Array) -> Array:
        """(C, H, W, N) for x or dx with its border."""
        return self.scratch(name, (x.shape[1], *self._windows.padded, len(x)), x.dtype)

    def _grouped(self, images: Array) -> Array:
        """(C, H, W, N) as (G, C / G, H, W, N), a view."""
        return images.reshape(self.groups, -1, *images.shape[1:])
