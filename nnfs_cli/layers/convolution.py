"""The common part of conv2d and conv_transpose2d: options, their checks, and parameters."""

import math
from typing import Any

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError, check_options
from nnfs_cli.core.formula import Formula, stated
from nnfs_cli.core.params import Param
from nnfs_cli.core.ranges import PositiveInt
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.kernels.convolution import Convolution
from nnfs_cli.kernels.windows import Pair, PositiveOneOrPair, Windows, image_shape, pair
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

    def equations(self) -> tuple[Formula, ...]:
        """With the options of windows only where these are not 1 each."""
        if {*pair(self.stride), *pair(self.dilation), self.groups} == {1}:
            return stated(
                [line.replace(", stride, dilation, groups", "") for line in self.formulas], self.options()
            )
        return super().equations()

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        return {**super().formula_values(x, y), **self._convolution.windows.options(), "size": y.shape[2:]}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        """W goes over the smaller image's pixels: of y in a conv2d, of x in a conv_transpose2d.

        Places of the window that lie in the padding are counted, too.
        """
        return self.W.size * math.prod(self._convolution.windows.output)

    def build_params(
        self, windows: Windows, W: Shape, axes: tuple[int, int], fan: tuple[int, int] | None = None
    ) -> None:
        """Create the convolution, W of shape `W` (`axes` and `fan` are as in Param), and b."""
        self._convolution = Convolution(windows, self.groups, self.scratch)
        self.W = Param(W, self.init, axes=axes, groups=self.groups, fan=fan)
        if self.bias:
            self.b = Param((self.filters,), Zeros(), decay=False)
