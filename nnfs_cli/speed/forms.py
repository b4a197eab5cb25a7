"""Fast forms of layers. Each computes what the layer that it derives from does, by its exact type."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, ones
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.residual import Residual
from nnfs_cli.speed.batch_norm import FastBatchNorm
from nnfs_cli.speed.listed import Call, ListedWorkspace, listed
from nnfs_cli.speed.products import as_number, product, product_over_rows, product_with_transpose

BITS: dict[np.dtype[Any], type[np.unsignedinteger[Any]]] = {
    np.dtype(np.float32): np.uint32,
    np.dtype(np.float64): np.uint64,
}
"""Integers of as many bits as floats have."""


class FastDense(Dense):
    """A dense layer with its products in the forms that BLAS computes fastest."""

    @listed
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield from product(x, self.W.value, out=y)
        if self.bias:
            yield partial(np.add, y, as_number(self.b.value), out=y)

    @listed
    def param_grads(self, x: Array, y: Array, dy: Array) -> Iterator[Call]:
        yield from product_over_rows(x, dy, out=self.W.grad)
        if self.bias:
            yield partial(ones(len(dy), dy.dtype).dot, dy, self.b.grad)  # the sum over rows, by BLAS

    @listed
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> Iterator[Call]:
        yield from product_with_transpose(dy, self.W.value, self.scratch, out=dx)


class FastReLU(ReLU):
    """A ReLU whose way back multiplies bits.

    NumPy takes longer to turn the booleans of y > 0 into floats than for all the rest (and boolean indexing
    takes 20 times as long). But the bits of 0.0, read as an integer, are 0, and those of every y > 0 are
    more: their sign is a mask, and an integer 1 or 0 times the bits of dy gives those of dy or of 0.0.
    """

    @listed
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield partial(np.maximum, x, np.zeros((), x.dtype), out=y)

    @listed
    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> Iterator[Call]:
        bits = BITS[y.dtype]
        y, dy, dx = y.view(bits), dy.view(bits), dx.view(bits)
        yield partial(np.sign, y, out=dx)
        yield partial(np.multiply, dx, dy, out=dx)


FORMS: dict[type[Layer], type[Layer]] = {Dense: FastDense, ReLU: FastReLU, BatchNorm: FastBatchNorm}


def fast_form(layer: Layer) -> Layer:
    """The fast form of a layer, not built yet; a copy of the layer itself if it has none."""
    if type(layer) is Residual:
        return Residual(tuple(map(fast_form, layer.layers)))
    return FORMS.get(type(layer), type(layer))(**copy.deepcopy(layer.options()))


class FastNetwork(Network):
    """A network in fast forms. It sees the parameters, statistics and gradients of a plain one.

    own_grad: its gradients lie in memory of its own.
    """

    workspace_type: ClassVar[type[Workspace]] = ListedWorkspace

    def __init__(self, plain: Network, *, own_grad: bool = False) -> None:
        super().__init__([fast_form(layer) for layer in plain.layers], plain.shapes[0], plain.dtype)
        self.params.follow(plain.params, own_grad=own_grad)
        if hasattr(plain, "draws"):
            self.use_draws(plain.draws)
