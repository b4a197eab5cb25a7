"""Two-dimensional convolution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.xavier_uniform import XavierUniform
from nnfs_cli.kernels.windows import Padding, PositiveOneOrPair, Windows, pair
from nnfs_cli.layers.base import LAYERS, Example
from nnfs_cli.layers.convolution import ConvolutionLayer


@LAYERS.register("conv2d")
@dataclass(eq=False)
class Conv2D(ConvolutionLayer):
    """y[f, r, s] = b[f] + sum over c, i, j of W[f, c, i, j] x[c, r + i, s + j]

    x: (N, C, H, W)   W: (F, C / groups, kh, kw)   b: (F,)   y: (N, F, H', W')

    With strides and dilation the pixel is x[c, r stride + i dilation, s stride + j dilation].

    H' = floor((H + padding - dilation (kh - 1) - 1) / stride) + 1, and W' likewise; x is padded with zeros.

    dW[f, c, i, j] = sum over n, r, s of dy[f, r, s] x[c, r + i, s + j]
    db[f]          = sum over n, r, s of dy[f, r, s]
    dx[c, p, q]    = sum over f, i, j of W[f, c, i, j] dy[f, p - i, q - j]

    `Convolution` computes these sums by matrix products.

    fan_in = C / groups kh kw, the numbers of x in a number of y. fan_out = F / groups kh kw, the numbers of y
    that a number of x goes into at stride 1; PyTorch and Keras leave the stride out too.

    LeCun, Boser, Denker and others, 1989, Backpropagation applied to handwritten zip code recognition.

    filters: F, the number of output channels.
    kernel_size: kh and kw, one number for both or [kh, kw].
    stride: the distance between windows, one number or [down, right].
    padding: `valid` for none, `same` for H' = ceil(H / stride), or the pixels at each side, one number or
        [vertical, horizontal].
    dilation: the distance between the pixels of a window, one number or [down, right].
    groups: the number of groups of channels and filters; a group's filters see only its channels.
    init: how W is initialized; b starts at zero. For stacks of ReLU use `he_normal`.
    bias: false leaves b out. Right before batch_norm, which subtracts any constant, b has no effect.
    """

    filters: PositiveInt
    kernel_size: PositiveOneOrPair
    stride: PositiveOneOrPair = 1
    padding: Padding = "valid"
    dilation: PositiveOneOrPair = 1
    groups: PositiveInt = 1
    init: Initializer = XavierUniform()
    bias: bool = True
    images: ClassVar[bool] = True
    examples: ClassVar[Sequence[Example]] = [
        ({"filters": 3, "kernel_size": 3}, (2, 5, 4)),
        ({"filters": 2, "kernel_size": (2, 3), "stride": (2, 1), "padding": "same"}, (1, 5, 4)),
        ({"filters": 4, "kernel_size": 2, "padding": (1, 0), "dilation": 2, "groups": 2}, (2, 4, 5)),
        ({"filters": 2, "kernel_size": 1, "stride": 2, "bias": False}, (3, 3, 3)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = b[f] + conv(x, W, padding, stride, dilation, groups) if bias",
        "y = conv(x, W, padding, stride, dilation, groups) if not bias",
        "dW = conv_weight_grad(x, dy, W, padding, stride, dilation, groups)",
        "db = sum(dy, but=f) if bias",
        "dx = conv_input_grad(x, dy, W, padding, stride, dilation, groups)",
    )

    def __post_init__(self) -> None:
        self.check()

    def build(self, shape: Shape) -> Shape:
        channels, image = self.channels_and_size(shape)
        size, stride, dilation = pair(self.kernel_size), pair(self.stride), pair(self.dilation)
        windows = Windows.fit(image, size, stride, self.padding, dilation)
        self.build_params(windows, (self.filters, channels // self.groups, *size), axes=(1, 0))
        return (self.filters, *windows.output)

    def forward(self, x: Array, y: Array) -> None:
        self._convolution.gather(x, self.W.value, self.b.value if self.bias else None, y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        self._convolution.weight_grads(x, dy, self.W.grad, self.b.grad if self.bias else None)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        self._convolution.scatter(dy, self.W.value, None, dx)
