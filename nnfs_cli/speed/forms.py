"""Fast forms of layers. Each computes the same as the layer that it derives from."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, ones
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer, every_layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.residual import Residual
from nnfs_cli.speed.batch_norm import FastBatchNorm
from nnfs_cli.speed.listed import Call, ListedWorkspace, listed
from nnfs_cli.speed.products import as_number, product, product_over_rows, product_with_transpose
from nnfs_cli.speed.threads import Threads

BITS: dict[np.dtype[Any], type[np.unsignedinteger[Any]]] = {
    np.dtype(np.float32): np.uint32,
    np.dtype(np.float64): np.uint64,
}
"""The integer type with as many bits as each float type."""


class FastDense(Dense):
    """A dense layer whose products are in the forms that BLAS computes fastest.

    threads: compute the parts of large products.
    """

    threads: Threads = Threads(1, 1)

    @listed
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield from self.threads.product(x, self.W.value, y, 1) or product(x, self.W.value, out=y)
        if self.bias:
            yield partial(np.add, y, as_number(self.b.value), y)

    @listed
    def param_grads(self, x: Array, y: Array, dy: Array) -> Iterator[Call]:
        yield from self.threads.product(x.T, dy, self.W.grad, 0) or product_over_rows(x, dy, out=self.W.grad)
        if self.bias:
            yield partial(ones(len(dy), dy.dtype).dot, dy, self.b.grad)  # the sum over rows

    @listed
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> Iterator[Call]:
        yield from self.threads.product(dy, self.W.value.T, dx, 1) or product_with_transpose(
            dy, self.W.value, self.scratch, out=dx
        )


class FastReLU(ReLU):
    """A ReLU whose backward pass computes with the bits of floats, read as integers.

    y is 0.0, whose bits are 0, or positive, with bits above 0. So the sign of the bits, 1 or 0, is the mask,
    and 1 or 0 times the bits of dy are the bits of dy or of 0.0. NumPy takes longer to convert the
    booleans of y > 0 to floats than to do all this, and 20 times as long for boolean indexing.
    """

    @listed
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield partial(np.maximum, x, np.zeros((), x.dtype), out=y)

    @listed
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> Iterator[Call]:
        bits = BITS[y.dtype]
        y, dy, dx = y.view(bits), dy.view(bits), dx.view(bits)
        yield partial(np.sign, y, dx)
        yield partial(np.multiply, dx, dy, dx)


FORMS: dict[type[Layer], type[Layer]] = {Dense: FastDense, ReLU: FastReLU, BatchNorm: FastBatchNorm}
"""The fast form of each layer, by its exact type: a class that derives from one may compute otherwise."""


def fast_form(layer: Layer) -> Layer:
    """The fast form of a layer, or a copy of the layer if there is none; not built yet."""
    if type(layer) is Residual:
        return Residual(tuple(map(fast_form, layer.layers)))
    return FORMS.get(type(layer), type(layer))(**copy.deepcopy(layer.options()))


class FastNetwork(Network):
    """The fast form of a plain network. Both use the same parameters, statistics and gradients.

    own_grad: use a gradient vector of its own.
    threads: compute the parts of large products of dense layers. Without them no product is cut.
    """

    workspace_type: ClassVar[type[Workspace]] = ListedWorkspace

    def __init__(self, plain: Network, *, own_grad: bool = False, threads: Threads | None = None) -> None:
        super().__init__([fast_form(layer) for layer in plain.layers], plain.shapes[0], plain.dtype)
        self.params.share(plain.params, own_grad=own_grad)
        if threads is not None:
            for layer in every_layer(self.layers):
                if isinstance(layer, FastDense):
                    layer.threads = threads
        if hasattr(plain, "draws"):
            self.use_draws(plain.draws)
