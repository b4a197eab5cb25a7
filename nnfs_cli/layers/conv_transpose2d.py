"""Transposed two-dimensional convolution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, ones
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.xavier_uniform import XavierUniform
from nnfs_cli.kernels.windows import NonNegativeOneOrPair, PositiveOneOrPair, Windows, batch_last, pair, sides
from nnfs_cli.layers.base import LAYERS, Example
from nnfs_cli.layers.convolution import ConvolutionLayer


@LAYERS.register("conv_transpose2d")
@dataclass(eq=False)
class ConvTranspose2D(ConvolutionLayer):
    """y[f, r stride + i - padding, s stride + j - padding] += W[c, f, i, j] x[c, r, s], from b[f] on

    x: (N, C, H, W)   W: (C, F / groups, kh, kw)   b: (F,)   y: (N, F, H', W')

    Each pixel of x adds W, times its value, to a window of y. Dilation multiplies i and j. As a linear map
    it is the transpose of a conv2d with the same options from images (H', W') to images (H, W).

    H' = (H - 1) stride + dilation (kh - 1) + 1 - 2 padding + output_padding, and W' likewise.

    dx is conv2d's forward pass on dy, with W. dW is conv2d's dW with dy as its input and x as its dy.
    db = sum dy. `Convolution` computes both layers.

    A number of y is in about kh kw / stride^2 windows, so fan_in is C / groups times that. A number of x
    goes into fan_out = F / groups kh kw numbers of y.

    Zeiler, Krishnan, Taylor and Fergus, 2010, Deconvolutional networks.
    Dumoulin and Visin, 2016, A guide to convolution arithmetic for deep learning, arXiv:1603.07285.

    filters: F, the number of output channels.
    kernel_size: kh and kw, one number for both or [kh, kw].
    stride: the distance between windows, one number or [down, right].
    padding: pixels cut off at each side, one number or [vertical, horizontal].
    output_padding: pixels added to y at the bottom and right, one number or [bottom, right]. Conv2d's
        rounding would hide them.
    dilation: the distance between the pixels of a window, one number or [down, right].
    groups: the number of groups of channels and filters; a group's filters see only its channels.
    init: how W is initialized; b starts at zero. For stacks of ReLU use `he_normal`.
    bias: false leaves b out. Right before batch_norm, which subtracts any constant, b has no effect.
    """

    filters: PositiveInt
    kernel_size: PositiveOneOrPair
    stride: PositiveOneOrPair = 1
    padding: NonNegativeOneOrPair = 0
    output_padding: NonNegativeOneOrPair = 0
    dilation: PositiveOneOrPair = 1
    groups: PositiveInt = 1
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
    formulas: ClassVar[tuple[str, ...]] = (
        "y = b[f] + conv_transpose(x, W, size, padding, stride, dilation, groups) if bias",
        "y = conv_transpose(x, W, size, padding, stride, dilation, groups) if not bias",
        "dW = conv_transpose_weight_grad(x, dy, W, padding, stride, dilation, groups)",
        "db = sum(dy, but=f) if bias",
        "dx = conv_transpose_input_grad(dy, W, padding, stride, dilation, groups)",
    )

    def __post_init__(self) -> None:
        steps = zip(pair(self.stride), pair(self.dilation), strict=True)
        extra = zip(pair(self.output_padding), map(max, steps), strict=True)
        self.check(
            output_padding=(
                all(added < step for added, step in extra),
                "at least 0 and smaller than stride or dilation",
            ),
        )

    def build(self, shape: Shape) -> Shape:
        channels, image = self.channels_and_size(shape)
        size, stride, dilation = pair(self.kernel_size), pair(self.stride), pair(self.dilation)
        padding, extra = pair(self.padding), pair(self.output_padding)
        painted = (
            (n - 1) * s + (k - 1) * d + 1 + e
            for n, k, s, d, e in zip(image, size, stride, dilation, extra, strict=True)
        )
        height, width = (n - 2 * p for n, p in zip(painted, padding, strict=True))
        if min(height, width) < 1:
            raise ShapeError(
                f"cuts off {padding[0]} x {padding[1]} pixels at each side of images of "
                f"{height + 2 * padding[0]} x {width + 2 * padding[1]}, which leaves none; wants less padding"
            )
        windows = Windows((height, width), size, stride, dilation, sides(padding))
        outputs, area = self.filters // self.groups, math.prod(size)
        fan_in = max(channels // self.groups * area // math.prod(stride), 1)
        self.build_params(windows, (channels, outputs, *size), axes=(0, 1), fan=(fan_in, outputs * area))
        return (self.filters, height, width)

    def forward(self, x: Array, y: Array) -> None:
        self._convolution.scatter(x, self.W.value, self.b.value if self.bias else None, y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        self._convolution.weight_grads(dy, x, self.W.grad, None)
        if self.bias:
            pixels = batch_last(dy).reshape(self.filters, -1)
            np.dot(pixels, ones(pixels.shape[1], dy.dtype), out=self.b.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        self._convolution.gather(dy, self.W.value, None, dx)
