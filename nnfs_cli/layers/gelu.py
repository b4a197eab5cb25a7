"""The Gaussian error linear unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.kernels.erf import erf
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range

CUBIC, SCALE = 0.044715, math.sqrt(2 / math.pi)


@LAYERS.register("gelu")
@dataclass(eq=False)
class GELU(Layer):
    """y = x P(x), P the standard normal distribution function        x, y: (N, ...)

    dx = dy (P(x) + x p(x)), p its density. With `approximate: tanh`, which is faster,
    P(x) = (1 + tanh(u)) / 2,  u = sqrt(2 / pi) (x + 0.044715 x^3), and p is the derivative of this P.

    Hendrycks and Gimpel, 2016, Gaussian error linear units (GELUs), arXiv:1606.08415.

    approximate: `none` for the exact P, `tanh` for the approximation.
    """

    approximate: Literal["none", "tanh"] = "none"
    examples: ClassVar[Sequence[Example]] = [
        ({}, (5,)),
        ({}, (2, 3, 4)),
        ({"approximate": "tanh"}, (5,)),
        ({"approximate": "tanh"}, (2, 3)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "P = (1 + erf(x / sqrt(2))) / 2 if approximate == 'none'",
        "u = sqrt(2 / pi) * (x + 0.044715 * x**3) if approximate == 'tanh'",
        "P = (1 + tanh(u)) / 2 if approximate == 'tanh'",
        "y = x * P",
        "dx = dy * (P + x * exp(-x**2 / 2) / sqrt(2 * pi)) if approximate == 'none'",
        "slope = sqrt(2 / pi) * (1 + 0.134145 * x**2) if approximate == 'tanh'",
        "dx = dy * (P + x * (1 - tanh(u)**2) / 2 * slope) if approximate == 'tanh'",
    )

    def forward(self, x: Array, y: Array) -> None:
        P = self.scratch_like("P", x)
        if self.approximate == "tanh":
            self._tanh(x, P)
        else:
            np.multiply(x, math.sqrt(0.5), out=P)
            erf(P, P)
        P += 1.0
        P *= 0.5
        np.multiply(x, P, out=y)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        P = self.scratch_like("P", x)
        if self.approximate == "tanh":
            self._slope_of_tanh(x, P, dx)
        else:
            np.multiply(x, x, out=dx)
            dx *= -0.5
            np.exp(dx, out=dx)
            dx *= 1.0 / math.sqrt(2 * math.pi)
        dx *= x
        dx += P
        dx *= dy

    def output_range(self, x: Range) -> Range:
        return (-0.1701, math.inf)  # about the minimum

    def _tanh(self, x: Array, t: Array) -> None:
        """t = tanh(u). Beyond +-30, where t is 1 or -1 anyway, x^3 could overflow in float32."""
        cut = self.scratch_like("cut", x)
        np.clip(x, -30.0, 30.0, out=cut)
        np.multiply(cut, cut, out=t)
        t *= CUBIC
        t += 1.0
        t *= cut
        t *= SCALE
        np.tanh(t, out=t)

    def _slope_of_tanh(self, x: Array, P: Array, p: Array) -> None:
        """p = dP/dx = (1 - t^2) u' / 2 = 2 P (1 - P) u',   u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)."""
        cut, twice = self.scratch_like("cut", x), self.scratch_like("2u'", x)
        np.multiply(cut, cut, out=twice)
        twice *= 3 * CUBIC
        twice += 1.0
        twice *= 2 * SCALE
        np.subtract(1.0, P, out=p)
        p *= P
        p *= twice
