"""The Gaussian error linear unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.normal import cdf, pdf
from nnfs_cli.core.params import Array
from nnfs_cli.layers.base import LAYERS, Example, Layer

CHUNK = 1024
"""Numbers at a time, so that what the normal distribution's functions allocate stays small."""


@LAYERS.register("gelu")
@dataclass(eq=False)
class GELU(Layer):
    """y = x P(x), P the standard normal distribution function        x, y: (N, ...)

    dx = dy (P(x) + x p(x)), p its density. With approximate = tanh, for speed,
    P(x) = (1 + tanh(u)) / 2,  u = sqrt(2 / pi) (x + 0.044715 x^3), and the gradient is that formula's own.

    Hendrycks and Gimpel, 2016, Gaussian error linear units (GELUs), arXiv:1606.08415.

    approximate: `none` for the exact P, `tanh` for the approximation.
    """

    approximate: Literal["none", "tanh"] = "none"
    examples: ClassVar[Sequence[Example]] = [
        ({}, (5,)),
        ({}, (2, 3)),
        ({"approximate": "tanh"}, (5,)),
        ({"approximate": "tanh"}, (2, 3)),
    ]

    def forward(self, x: Array, y: Array) -> None:
        if self.approximate == "tanh":
            t = self._tanh(x)
            np.add(t, 1.0, out=y)
            y *= 0.5
            y *= x
            return
        with _chunks(x, y) as chunks:
            for part, out in chunks:
                out[...] = part * cdf(part)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        if self.approximate == "tanh":
            t, s = self._tanh(x), self.scratch("slope", x.shape, x.dtype)
            # (1 + t) / 2 + x (1 - t^2) u' / 2,   u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
            np.multiply(x, x, out=s)
            s *= 3 * 0.044715
            s += 1.0
            s *= math.sqrt(2 / math.pi)
            s *= x
            np.multiply(t, t, out=dx)
            np.subtract(1.0, dx, out=dx)
            dx *= s
            dx += t
            dx += 1.0
            dx *= 0.5
            dx *= dy
            return
        with _chunks(x, dx) as chunks:
            for part, out in chunks:
                out[...] = cdf(part) + part * pdf(part)
        dx *= dy

    def _tanh(self, x: Array) -> Array:
        """tanh(u). For large |x|, where u would overflow in float32, x is cut where tanh is 1 already."""
        t = self.scratch("tanh", x.shape, x.dtype)
        np.clip(x, -30.0, 30.0, out=t)
        cut = self.scratch("cut", x.shape, x.dtype)
        np.multiply(t, t, out=cut)
        cut *= 0.044715
        cut += 1.0
        t *= cut
        t *= math.sqrt(2 / math.pi)
        return np.tanh(t, out=t)


def _chunks(x: Array, out: Array) -> np.nditer:
    """Matching pieces of x to read and of out to write, whatever their memory order."""
    flags = [["readonly"], ["writeonly"]]
    return np.nditer([x, out], ["external_loop", "buffered", "zerosize_ok"], flags, buffersize=CHUNK)  # type: ignore[arg-type]
