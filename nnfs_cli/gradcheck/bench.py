"""A single layer to call: with inputs of its own, in any memory order and precision, from the same state."""

import copy
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.engine.network import Network
from nnfs_cli.gradcheck.harness import Inputs, Rewind, normal, scatter
from nnfs_cli.layers.base import Layer

Order: TypeAlias = Literal["C", "inner"]
"""C order, or batch innermost in memory."""

Outcome: TypeAlias = dict[str, Array]
"""What a pass computed, by name: y, dx, and for each parameter `W.grad`."""


class Bench:
    """A layer, built for rows of `shape`, with parameters and statistics that no formula is special at.

    Two benches of the same layer and seed have the same parameters, whatever their dtype.
    """

    def __init__(
        self,
        layer: Layer,
        shape: Shape,
        seed: int = 0,
        dtype: npt.DTypeLike = np.float64,
        inputs: Inputs = normal,
    ) -> None:
        self.network = Network([copy.deepcopy(layer)], shape, np.float64)
        scatter(self.network, np.random.default_rng(seed))
        if dtype != np.float64:
            self._cast(layer, shape, dtype)
        self.layer = self.network.layers[0]
        self.shape, self.dtype, self._inputs, self._seed = shape, np.dtype(dtype), inputs, seed
        self.rewind = Rewind(self.network, seed)
        self.params = {name.split("/", 1)[1]: param for name, param in self.network.params.named.items()}
        self.is_view = self.layer.view(self.array((2, *shape))) is not None

    def _cast(self, layer: Layer, shape: Shape, dtype: npt.DTypeLike) -> None:
        wide = self.network
        self.network = Network([copy.deepcopy(layer)], shape, dtype)
        self.network.params.value[...] = wide.params.value
        self.network.params.statistics[...] = wide.params.statistics

    def array(self, shape: Shape, order: Order = "C") -> Array:
        """Zeros (N, ...) in this memory order."""
        if order == "C":
            return np.zeros(shape, self.dtype)
        return np.moveaxis(np.zeros((*shape[1:], shape[0]), self.dtype), -1, 0)

    def point(self, n: int, number: int = 0) -> tuple[Array, Array]:
        """x and dy (n, ...): random, and the same for the same number."""
        rng = np.random.default_rng((self._seed, number))
        return self._inputs(rng, (n, *self.shape)), rng.normal(size=(n, *self.network.output_shape))

    def run(
        self, x: Array, dy: Array, orders: tuple[Order, Order] = ("inner", "inner"), *, step: int = 0
    ) -> Outcome:
        """Forward and backward from the first statistics and draws. `orders`: those of x and y in memory."""
        _, y, _, dx = self.passed(x, dy, orders, step=step)
        return {"y": y, "dx": dx, **{f"{name}.grad": p.grad.copy() for name, p in self.params.items()}}

    def passed(
        self, x: Array, dy: Array, orders: tuple[Order, Order] = ("inner", "inner"), *, step: int = 0
    ) -> tuple[Array, Array, Array, Array]:
        """The arrays x, y, dy, dx that the layer was handed in such a run."""
        x, dy = self._copied(x, orders[0]), self._copied(dy, orders[1])
        y, dx = self.array(dy.shape, orders[1]), self.array(x.shape, orders[0])
        for array in (y, dx, self.network.params.grad):
            array.fill(np.nan)
        self.rewind(step)
        self.layer.forward(x, y)
        if self.params:
            self.layer.param_grads(x, y, dy)
        self.layer.input_grad(x, y, dy, dx)
        return x, y, dy, dx

    def infer(self, x: Array, order: Order = "inner", *, step: int = 0) -> Array:
        """y in evaluation."""
        y = self.array((len(x), *self.network.output_shape), order)
        y.fill(np.nan)
        self.rewind(step)
        self.layer.infer(self._copied(x, order), y)
        return y

    def _copied(self, values: Array, order: Order) -> Array:
        array = self.array(values.shape, order)
        array[...] = values
        return array


def difference(
    found: Outcome,
    expected: Outcome,
    tolerance: float = 1e-9,
    floor: float = 1e-4,
    allowed: Mapping[str, float] | None = None,
) -> tuple[str, str]:
    """(array, sentence) for the first array that differs; two empty texts if none does.

    tolerance: of each array's largest entry, or of `floor` times the largest entry of all arrays.
    allowed: differences that count as none, too, for each array.
    """
    largest = max((float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) for a in expected.values()), default=0.0)
    for name, true in expected.items():
        finite = np.abs(true[np.isfinite(true)])
        scale = max(float(finite.max(initial=0.0)), floor * largest)
        most = max(tolerance * scale, (allowed or {}).get(name, 0.0))
        off = ~(np.abs(found[name] - true) <= most) & ~(np.isnan(found[name]) & np.isnan(true))
        off &= found[name] != true
        if off.any():
            index = tuple(int(i) for i in np.argwhere(off)[0])
            return name, f"{name}{list(index)} is {found[name][index]:.6g} instead of {true[index]:.6g}"
    return "", ""
