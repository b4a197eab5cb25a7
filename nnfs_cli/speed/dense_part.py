"""The dense layer as one of several processes has it, each of which keeps some of all features."""

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, ones
from nnfs_cli.core.params import Param
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.chain import NARROW
from nnfs_cli.layers.dense import Dense
from nnfs_cli.speed.crew import Meeting
from nnfs_cli.speed.products import product, product_over_rows, product_with_transpose


class SharedDense(Layer):
    """y = x W + b, where process p has some columns x_p of x, and the rows W_p of W that belong to them.

        y = sum over p of x_p W_p + b      each sees everybody's products, and adds up its own columns y_p
        dW_p = x_p^T dy    dx_p = dy W_p^T      each shows its own columns dy_p, and sees the whole of dy

    The last dense layer of a network gives all of y to everybody, who then all know dy as well.

    x: (N, D_p)   W: (D_p, M)   b: (M_p,)   y: (N, M_p);   of the last layer b: (M,)   y: (N, M).

    Shoeybi, Patwary, Puri, LeGresley, Casper and Catanzaro, 2019, Megatron-LM, arXiv:1909.08053 (the
    layer that is cut by rows, in tensor parallelism).

    whole: the layer that is shared.   who: this process.   outputs: which of the M are its own.
    products, gradient: where all show each other x_p W_p, (size, N, M), and dy, (N, M); the last needs
        only the first.
    """

    type_name = Dense.type_name

    def __init__(
        self, whole: Dense, who: int, outputs: slice, products: Meeting, gradient: Meeting | None
    ) -> None:
        self._units, self._bias, self._who, self._mine = whole.units, whole.bias, who, outputs
        self._products, self._gradient = products, gradient
        self._narrow = whole.units < NARROW

    def build(self, shape: Shape) -> Shape:
        self.W = Param((*shape, self._units), Zeros())
        width = len(range(self._units)[self._mine])
        if self._bias:
            self.b = Param((width,), Zeros(), decay=False)
        return (width,)

    def forward(self, x: Array, y: Array) -> None:
        parts = self._table_of_products(len(x))
        for call in product(x, self.W.value, out=parts[self._who]):
            call()
        self._products.show()
        first, second, *others = (part[:, self._mine] for part in parts)
        np.add(first, second, out=y)
        for part in others:
            y += part
        if self._bias:
            y += self.b.value

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        self._dy = self._whole(dy)
        for call in product_over_rows(x, self._dy, out=self.W.grad):
            call()
        if self._bias:
            np.dot(ones(len(dy), dy.dtype), dy, out=self.b.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        for call in product_with_transpose(self._dy, self.W.value, self.scratch, out=dx):
            call()

    def _table_of_products(self, n: int) -> Array:
        """(size, N, M), with narrow rows batch innermost, as networks have them."""
        size = self._products.size
        if self._narrow:
            return self._products.table((size, self._units, n)).transpose(0, 2, 1)
        return self._products.table((size, n, self._units))

    def _whole(self, dy: Array) -> Array:
        """dy (N, M) of all features, from everybody's own."""
        if self._gradient is None:
            return dy
        table = self._gradient.table((len(dy), self._units))
        table[:, self._mine] = dy
        self._gradient.show()
        return table
