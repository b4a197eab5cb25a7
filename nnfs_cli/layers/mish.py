"""Mish."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.layers.base import LAYERS, Layer


@LAYERS.register("mish")
@dataclass(eq=False)
class Mish(Layer):
    """y = x t,   t = tanh(log(1 + exp(x)))        x, y: (N, ...)

    dx = dy (t + x (1 - t^2) s),   s = 1 / (1 + exp(-x))

    Misra, 2020, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
    """

    def forward(self, x: Array, y: Array) -> None:
        t = self.scratch("tanh", x.shape, x.dtype)
        np.logaddexp(x, 0.0, out=t)
        np.tanh(t, out=t)
        np.multiply(x, t, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        t, s = self.scratch("tanh", x.shape, x.dtype), self.scratch("sigmoid", x.shape, x.dtype)
        np.multiply(x, 0.5, out=s)
        np.tanh(s, out=s)
        s += 1.0
        s *= 0.5
        np.multiply(t, t, out=dx)
        np.subtract(1.0, dx, out=dx)
        dx *= s
        dx *= x
        dx += t
        dx *= dy
