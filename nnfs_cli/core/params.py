"""Parameters: each layer sees its own arrays, the optimizer sees one flat vector."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import aligned
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError


class Fill(Protocol):
    """Writes a parameter's first values into `array`."""

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None: ...


class Param:
    """One trainable array of a layer. `value` and `grad` are views into a FlatParams.

    `fan_in` and `fan_out` count the inputs and outputs of one unit, which initializers scale by;
    left out, they are the first and last dimension. `decay` tells whether weight decay applies.
    """

    value: Array
    grad: Array

    def __init__(
        self, shape: Shape, fill: Fill, *, decay: bool = True, fan: tuple[int, int] | None = None
    ) -> None:
        self.shape = shape
        self.decay = decay
        self.fan_in, self.fan_out = fan or (shape[0], shape[-1])
        self.fill = fill
        self.size = math.prod(shape)


class Statistic:
    """An array that training gathers but does not train, as a running mean. `value` is a view likewise."""

    value: Array

    def __init__(self, shape: Shape, start: float) -> None:
        self.shape = shape
        self.start = start
        self.size = math.prod(shape)


class FlatParams:
    """All parameters of a network as two vectors, `value` and `grad`, both (P,).

    Parameters that weight decay applies to come first, so that they are one slice, `decayed`.
    `statistics` (S,) holds what layers gather besides.
    """

    def __init__(
        self, params: Mapping[str, Param], statistics: Mapping[str, Statistic], dtype: npt.DTypeLike
    ) -> None:
        self.named = dict(params)
        self._saved: dict[str, Param | Statistic] = {**params, **statistics}
        self._in_order = dict(sorted(params.items(), key=lambda item: not item[1].decay))
        self._statistics = dict(statistics)
        size = sum(param.size for param in params.values())
        try:
            self.value = aligned((size,), dtype)
            self.grad = aligned((size,), dtype)
        except (MemoryError, ValueError, OverflowError):
            raise NnfsError(f"layers: {size:,} parameters are too many for this machine's memory") from None
        self.decayed = slice(0, sum(param.size for param in params.values() if param.decay))
        self.statistics: Array = np.zeros(sum(statistic.size for statistic in statistics.values()), dtype)
        self._lay_out()
        for statistic in statistics.values():
            statistic.value.fill(statistic.start)

    def move(
        self, *, value: Array | None = None, grad: Array | None = None, statistics: Array | None = None
    ) -> None:
        """Live in other memory from now on, with the values that are here; each (P,), (P,) or (S,)."""
        for name, array in (("value", value), ("grad", grad), ("statistics", statistics)):
            if array is not None:
                array[...] = getattr(self, name)
                setattr(self, name, array)
        self._lay_out()

    def follow(self, leader: "FlatParams", *, own_grad: bool = False) -> None:
        """See the parameters, statistics and gradients of `leader`, from the same layers."""
        self.value, self.statistics = leader.value, leader.statistics
        if not own_grad:
            self.grad = leader.grad
        self._lay_out()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy's arrays are apart: let them be views again."""
        vars(self).update(state)
        self._lay_out()

    def _lay_out(self) -> None:
        """Let each parameter and statistic see its part of the vectors."""
        values, grads = _views(self.value, self._in_order), _views(self.grad, self._in_order)
        for name, param in self._in_order.items():
            param.value, param.grad = values[name], grads[name]
        for name, view in _views(self.statistics, self._statistics).items():
            self._statistics[name].value = view

    def initialize(self, rng: np.random.Generator) -> None:
        """Fill every parameter in the network's order."""
        for param in self.named.values():
            param.fill(param.value, param.fan_in, param.fan_out, rng)

    def snapshot(self) -> Array:
        """A copy of all parameters and statistics, (P + S,)."""
        return np.concatenate([self.value, self.statistics])

    def restore(self, snapshot: Array) -> None:
        """Go back to a snapshot."""
        self.value[...] = snapshot[: self.value.size]
        self.statistics[...] = snapshot[self.value.size :]

    def arrays(self) -> dict[str, Array]:
        """Copies of all parameters and statistics by name."""
        return {name: saved.value.copy() for name, saved in self._saved.items()}

    def load(self, arrays: Mapping[str, Array], source: str) -> None:
        """Copy `arrays` in; NnfsError naming the array and both shapes where the two do not match."""
        problems = [
            f"{name}: the network has {mine}, the file has {found}"
            for name in dict.fromkeys([*self._saved, *arrays])
            if (mine := _shape(self._saved.get(name))) != (found := _shape(arrays.get(name)))
        ]
        if problems:
            raise NnfsError("\n  ".join([f"{source}: these are weights of another network", *problems]))
        for name, saved in self._saved.items():
            saved.value[...] = arrays[name]


def _views(vector: Array, members: Mapping[str, Param] | Mapping[str, Statistic]) -> dict[str, Array]:
    """A vector as the arrays that lie in it one after the other."""
    views, start = {}, 0
    for name, member in members.items():
        views[name] = vector[start : start + member.size].reshape(member.shape)
        start += member.size
    return views


def _shape(array: Array | Param | Statistic | None) -> str:
    if array is None:
        return "no such array"
    if isinstance(array, np.ndarray) and array.dtype.kind != "f":
        return f"shape {array.shape} of {array.dtype}, not of real numbers"
    return f"shape {array.shape}"
