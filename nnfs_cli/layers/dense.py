"""The fully connected layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.core.params import Param
from nnfs_cli.core.ranges import Expected, PositiveInt
from nnfs_cli.initializers.base import Initializer
from nnfs_cli.initializers.xavier_uniform import XavierUniform
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Example, Layer


@LAYERS.register("dense")
@dataclass(eq=False)
class Dense(Layer):
    """y = x W + b        x: (N, D)   W: (D, M)   b: (M,)   y: (N, M)

    dW = x^T dy           db = 1^T dy, the sum over the batch           dx = dy W^T

    units: M, the number of outputs. `auto`, for the last layer alone, takes as many as the loss needs for the
        data: the classes, or the target columns.
    init: how W is initialized; b starts at zero. For stacks of ReLU use `he_normal`.
    bias: false leaves b out. Right before batch_norm, which subtracts any constant, b has no effect.
    """

    units: Annotated[PositiveInt | Literal["auto"], Expected("a positive integer, or auto in the last layer")]
    init: Initializer = XavierUniform()
    bias: bool = True
    examples: ClassVar[Sequence[Example]] = [  # options and input shapes to test
        ({"units": 3}, (4,)),
        ({"units": 1}, (1,)),
        ({"units": 5, "bias": False}, (1,)),
    ]

    formulas: ClassVar[tuple[str, ...]] = (
        "y = x @ W + b if bias",
        "y = x @ W if not bias",
        "dW = x.T @ dy",
        "db = sum(dy, n) if bias",
        "dx = dy @ W.T",
    )

    def build(self, shape: Shape) -> Shape:
        """Create W and b for rows of `shape` (D,); return the shape of y's rows, (M,)."""
        if len(shape) != 1:
            raise ShapeError(f"wants a vector (D,) for each row, found {shape}; put flatten before it")
        if isinstance(self.units, str):
            raise ShapeError("takes its units from the data of a config; write a number")
        self.W = Param((*shape, self.units), self.init)
        if self.bias:
            self.b = Param((self.units,), Zeros(), decay=False)  # weight decay leaves biases alone
        return (self.units,)

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        return x[0] * y[0]

    def forward(self, x: Array, y: Array) -> None:
        np.matmul(x, self.W.value, out=y)
        if self.bias:
            y += self.b.value

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        np.matmul(x.T, dy, out=self.W.grad)
        if self.bias:
            np.sum(dy, axis=0, out=self.b.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.matmul(dy, self.W.value.T, out=dx)
