"""Parameters: arrays for each layer, which are views into one vector for the optimizer."""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.arena import aligned
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.memory import require_memory


class Fill(Protocol):
    """Writes the initial values of a parameter into `array`. Initializers are such functions."""

    def __call__(self, array: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None: ...


class Param:
    """One trainable array of a layer. The network makes `value` and `grad`, as views into its FlatParams.

    fill: writes the initial values, as an initializer does.
    decay: whether weight decay applies.
    axes: (inputs, units), the axis of `shape` that counts a unit's inputs, and the one that counts units; all
        others count the places in a window. If left out, (0, 1) for a matrix. A vector, and an array that
        `decay` leaves alone, such as scales and biases, then have no units.
    groups: the number of equal parts along axis 0. A unit sees only the inputs of its own part.
    fan: (fan_in, fan_out), the numbers of inputs and outputs of one unit, which initializers scale by. If
        left out, they follow from `axes`; of an array without units they are its first and last dimension.
    """

    value: Array
    grad: Array
    name = "layers"

    def __init__(
        self,
        shape: Shape,
        fill: Fill,
        *,
        decay: bool = True,
        axes: tuple[int, int] | None = None,
        groups: int = 1,
        fan: tuple[int, int] | None = None,
    ) -> None:
        self.shape = shape
        self.decay = decay
        self.groups = groups
        self.fill = fill
        self.size = math.prod(shape)
        self._has_units = axes is not None or (decay and len(shape) > 1)
        self._axes = axes or ((0, 1) if len(shape) == 2 else None)
        self._fan = fan

    def by_unit(self, array: Array) -> Array:
        """A view (groups, units, inputs, ...) of an array of this shape: [g, u] is a unit's incoming weights.

        An array without units is that of a single one. NnfsError if nothing says which axis counts them.
        """
        if not self._has_units:
            return array.reshape(1, 1, -1)
        if self._axes is None:
            raise NnfsError(
                f"{self.name}: a Param of shape {self.shape} must say which axis counts a unit's inputs, and "
                f"which one the units: Param(..., axes=(inputs, units)), as (1, 0) for (F, C, kh, kw)"
            )
        inputs, units = (axis % len(self.shape) for axis in self._axes)
        grouped = array.reshape(self.groups, self.shape[0] // self.groups, *self.shape[1:])
        return np.moveaxis(grouped, (1 + units, 1 + inputs), (1, 2))

    @property
    def fan_in(self) -> int:
        """The number of inputs of one unit."""
        return self._fans[0]

    @property
    def fan_out(self) -> int:
        """The number of units that one input goes to, for each of its places in a window."""
        return self._fans[1]

    @cached_property
    def _fans(self) -> tuple[int, int]:
        if self._fan is not None:
            return self._fan
        if not self._has_units:
            return (self.shape[0], self.shape[-1]) if self.shape else (1, 1)
        _, units, inputs, *window = self.by_unit(np.broadcast_to(np.False_, self.shape)).shape
        return inputs * math.prod(window), units * math.prod(window)

    def initialize(self, rng: np.random.Generator) -> None:
        """Write the initial values.

        A `fill` of matrices writes (fan_in, units), a unit's incoming weights in a column: of all groups
        together where its columns can be orthogonal, else of each group.
        """
        uses = getattr(self.fill, "uses", "fan")
        if uses != "matrix":
            fan_in, fan_out = self._fans if uses == "fan" else (1, 1)
            self.fill(self.value, fan_in, fan_out, rng)
            return
        by_unit = self.by_unit(self.value)
        groups, units, *incoming = by_unit.shape
        inputs = math.prod(incoming)
        for part in [by_unit] if groups * units <= inputs else by_unit:
            matrix = np.empty((inputs, part.size // inputs))
            self.fill(matrix, inputs, units, rng)
            part[...] = matrix.T.reshape(part.shape)

    def __repr__(self) -> str:
        return f"<Param {self.shape}>"


class Statistic:
    """An array that the forward pass updates, as a running mean; no gradient, no optimizer.

    The network makes `value`, as a view into its FlatParams.
    """

    value: Array

    def __init__(self, shape: Shape, start: float) -> None:
        self.shape = shape
        self.start = start
        self.size = math.prod(shape)

    def __repr__(self) -> str:
        return f"<Statistic {self.shape}>"


class FlatParams:
    """All parameters of a network in two vectors, `value` and `grad`, both (P,).

    named: the parameters by name, `0_dense/W`, in the order of the layers.
    decayed: the slice of the vectors that weight decay applies to. These parameters come first.
    statistics: (S,) the values of all statistics.
    """

    def __init__(
        self, params: Mapping[str, Param], statistics: Mapping[str, Statistic], dtype: npt.DTypeLike
    ) -> None:
        self.named = dict(params)
        for name, param in params.items():
            param.name = name
        self._saved: dict[str, Param | Statistic] = {**params, **statistics}
        self._flat_order = dict(sorted(params.items(), key=lambda item: not item[1].decay))
        self._statistics = dict(statistics)
        size = sum(param.size for param in params.values())
        kept = size + sum(statistic.size for statistic in statistics.values())
        largest = max(self._saved, key=lambda name: self._saved[name].size, default="")
        require_memory(
            2 * kept * np.dtype(dtype).itemsize,
            f"layers: {size:,} parameters with their gradients",
            f"make the layers smaller: the most are in {largest}",
        )
        self.value = aligned((size,), dtype)
        self.grad = aligned((size,), dtype)
        self.decayed = slice(0, sum(param.size for param in params.values() if param.decay))
        self.statistics: Array = np.zeros(sum(statistic.size for statistic in statistics.values()), dtype)
        self._lay_out()
        for statistic in statistics.values():
            statistic.value.fill(statistic.start)

    def move(
        self, *, value: Array | None = None, grad: Array | None = None, statistics: Array | None = None
    ) -> None:
        """Copy the vectors to these arrays, (P,), (P,) and (S,), and use the arrays from now on."""
        for name, array in (("value", value), ("grad", grad), ("statistics", statistics)):
            if array is not None:
                array[...] = getattr(self, name)
                setattr(self, name, array)
        self._lay_out()

    def share(self, other: "FlatParams", *, own_grad: bool = False) -> None:
        """Use the vectors of `other`, which is of the same layers; with `own_grad` keep the own gradient."""
        self.value, self.statistics = other.value, other.statistics
        if not own_grad:
            self.grad = other.grad
        self._lay_out()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy's arrays are apart: let them be views again."""
        vars(self).update(state)
        self._lay_out()

    def _lay_out(self) -> None:
        """Make each parameter and statistic a view of its part of the vectors."""
        values, grads = _views(self.value, self._flat_order), _views(self.grad, self._flat_order)
        for name, param in self._flat_order.items():
            param.value, param.grad = values[name], grads[name]
        for name, view in _views(self.statistics, self._statistics).items():
            self._statistics[name].value = view

    def initialize(self, rng: np.random.Generator) -> None:
        """Write the initial values of all parameters, in the order of the layers."""
        for param in self.named.values():
            param.initialize(rng)

    def snapshot(self) -> Array:
        """A copy of all parameters and statistics, (P + S,)."""
        return np.concatenate([self.value, self.statistics])

    def restore(self, snapshot: Array) -> None:
        """Set all parameters and statistics to those of a snapshot (P + S,)."""
        self.value[...] = snapshot[: self.value.size]
        self.statistics[...] = snapshot[self.value.size :]

    def views(self, vector: Array) -> dict[str, Array]:
        """Views of a vector (P,), such as an optimizer's state, in the shape of each parameter, by name."""
        views = _views(vector, self._flat_order)
        return {name: views[name] for name in self.named}

    def arrays(self) -> dict[str, Array]:
        """Copies of all parameters and statistics by name."""
        return {name: saved.value.copy() for name, saved in self._saved.items()}

    def load(self, arrays: Mapping[str, Array], source: str) -> None:
        """Copy `arrays` to the parameters and statistics of the same names.

        Raises NnfsError with all names and shapes that do not match. `source` names the file in it.
        """
        problems = [
            f"{name}: the network has {expected}, the file has {found}"
            for name, expected, found in self._differences(arrays)
        ]
        if problems:
            raise NnfsError("\n  ".join([f"{source}: these are weights of another network", *problems]))
        for name, saved in self._saved.items():
            saved.value[...] = arrays[name]

    def other_layers(self, arrays: Mapping[str, Array]) -> frozenset[str]:
        """The layers, `0_dense`, that are not there with the same shapes, here or among `arrays`."""
        return frozenset(name.partition("/")[0] for name, _, _ in self._differences(arrays))

    def _differences(self, arrays: Mapping[str, Array]) -> Iterator[tuple[str, str, str]]:
        """(name, what the network has, what `arrays` have) wherever these differ in shape."""
        for name in dict.fromkeys([*self._saved, *arrays]):
            expected, found = _shape(self._saved.get(name)), _shape(arrays.get(name))
            if expected != found:
                yield name, expected, found


def _views(vector: Array, members: Mapping[str, Param] | Mapping[str, Statistic]) -> dict[str, Array]:
    """Consecutive views of a vector, with the members' shapes."""
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
