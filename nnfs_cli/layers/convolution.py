"""The common part of conv2d and conv_transpose2d: options, their checks, and parameters."""

from nnfs_cli.core.arrays import Shape
from nnfs_cli.core.errors import ShapeError, check_options
from nnfs_cli.core.params import Param
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.kernels.convolution import Convolution
from nnfs_cli.kernels.windows import Pair, PositiveOneOrPair, Windows, image_shape
from nnfs_cli.layers.base import Layer


class ConvolutionLayer(Layer):
    """The base of convolutional layers. A subclass declares these options again, in its docstring's order."""

    filters: PositiveInt
    kernel_size: PositiveOneOrPair
    stride: PositiveOneOrPair
    dilation: PositiveOneOrPair
    groups: PositiveInt
    init: Initializer
    bias: bool

    def check(self, **rules: tuple[bool, str]) -> None:
        """Check the rule for `groups`, and the subclass's own `rules`."""
        divides = f"a positive integer that divides filters ({self.filters})"
        check_options(self, groups=(self.filters % self.groups == 0, divides), **rules)

    def channels_and_size(self, shape: Shape) -> tuple[int, Pair]:
        """C and (H, W) of an input shape. Raises ShapeError if C is no multiple of the groups."""
        channels, height, width = image_shape(shape)
        if channels % self.groups:
            raise ShapeError(
                f"has {self.groups} groups, which do not divide the {channels} channels of {shape}"
            )
        return channels, (height, width)

    def build_params(
        self, windows: Windows, W: Shape, axes: tuple[int, int], fan: tuple[int, int] | None = None
    ) -> None:
        """Create the convolution, W of shape `W` (`axes` and `fan` are as in Param), and b."""
        self._convolution = Convolution(windows, self.groups, self.scratch)
        self.W = Param(W, self.init, axes=axes, groups=self.groups, fan=fan)
        if self.bias:
            self.b = Param((self.filters,), Zeros(), decay=False)
