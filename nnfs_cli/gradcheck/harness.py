"""Prepares a network for checking: repeatable passes, traps for forgotten gradients, a complex twin."""

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.params import Param
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.gradcheck.compare import COMPLEX_STEP
from nnfs_cli.initializers.constant import Constant
from nnfs_cli.layers.base import Layer

Inputs: TypeAlias = Callable[[np.random.Generator, Shape], Array]
"""Draws inputs of a shape."""


REFUSALS = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
    RuntimeError,
    Warning,
)
"""What operations raise that cannot take complex numbers."""


def normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Inputs from N(0, 1)."""
    return rng.normal(size=shape)


def fractions(rng: np.random.Generator, shape: Shape) -> Array:
    """Inputs from U(0.1, 0.9), for layers that are not defined everywhere, as a logarithm."""
    return rng.uniform(0.1, 0.9, shape)


def larger(rng: np.random.Generator, shape: Shape) -> Array:
    """Inputs up to ten times larger than those of `normal`; some stay, so that not all are saturated."""
    return rng.normal(size=shape) * 10.0 ** rng.uniform(0.0, 1.0, shape)


class Shift(Layer):
    """y = x + w        x, y: (N, ...)   w: (...)

    A trainable layer below the checked one. The checked layer's input gradient becomes the gradient of w,
    as it does in a network.
    """

    type_name: ClassVar[str] = "below"

    def build(self, shape: Shape) -> Shape:
        self.w = Param(shape, Constant(0.01), fan=(1, 1))
        return shape

    def forward(self, x: Array, y: Array) -> None:
        np.add(x, self.w.value, out=y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        np.sum(dy, axis=0, out=self.w.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)


class _Draws(Draws):
    """Draws that are the same numbers for float32 and float64."""

    def normal(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        drawn = super().normal(shape, np.float64)
        return drawn.astype(np.float32) if np.dtype(dtype) == np.float32 else drawn


class Rewind:
    """Called before each pass: sets random draws and gathered statistics back to their first values."""

    def __init__(self, network: Network, seed: int) -> None:
        self._draws = _Draws(seed)
        self._statistics = network.params.statistics
        self._at_first = self._statistics.copy()
        network.use_draws(self._draws)

    def __call__(self, step: int = 0) -> None:
        self._draws.seek(step)
        self._statistics[...] = self._at_first

    @property
    def drawn(self) -> bool:
        """Whether a layer drew numbers since the last call."""
        return self._draws.was_used


def scatter(network: Network, rng: np.random.Generator) -> None:
    """Draw parameters, and statistics, that no formula is special at: half to one and a half of first values.

    Their signs stay, since a layer may divide by them or take their roots. Zeros become -1/2 to 1/2.
    """
    network.initialize(rng)
    for values in (network.params.value, network.params.statistics):
        u = rng.uniform(-0.5, 0.5, values.shape)
        values[...] = np.where(values == 0.0, u, values * (1.0 + u))


def fill_with_nan(network: Network, workspace: Workspace) -> None:
    """Fill every gradient array with not-a-number, which shows the entries that a layer forgets to write."""
    network.params.grad.fill(np.nan)
    for gradient in workspace.gradients:
        gradient.fill(np.nan)


class ComplexTwin:
    """The same layers in complex numbers:  df/dx = Im f(x + ih) / h,  exact to rounding.

    Nothing is subtracted, so h may be 1e-30. It works if every operation is analytic.

    Squire and Trapp, 1998, Using complex variables to estimate derivatives of real functions.
    """

    def __init__(
        self, layers: Sequence[Layer], shape: Shape, real: Network, x: Array, r: Array, seed: int
    ) -> None:
        self._network = Network(copy.deepcopy(list(layers)), shape, np.complex128)
        self._real, self._x, self._r = real, x, r
        self._workspace = Workspace(self._network, len(x), to_input=True)
        self._network.params.statistics[...] = real.params.statistics
        self._rewind = Rewind(self._network, seed)
        params = [param.value for param in self._network.params.named.values()]
        self._tensors: list[Array] = [*params, self._workspace.x]

    def slope(self, tensor: int, index: Shape) -> float | None:
        """The derivative of sum(r y) by one entry; None if an operation refuses complex numbers."""
        self._network.params.value[...] = self._real.params.value
        self._workspace.x[...] = self._x
        self._tensors[tensor][index] += 1j * COMPLEX_STEP
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self._rewind()
                self._workspace.forward()
        except REFUSALS:
            return None
        return float(np.sum(self._r * self._workspace.y).imag / COMPLEX_STEP)
