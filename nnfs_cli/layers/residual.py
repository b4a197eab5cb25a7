"""A stack of layers with a skip connection around it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import MinLen

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.core.formula import Formula, stated
from nnfs_cli.core.ranges import Expected
from nnfs_cli.layers.base import LAYERS, Example, Layer, Range, output_range
from nnfs_cli.layers.chain import Chain, build


@LAYERS.register("residual")
@dataclass(eq=False)
class Residual(Layer):
    """y = x + f(x), f a stack of layers that keeps the shape        x, y: (N, ...)

    dx = dy + f's own dx.

    He, Zhang, Ren and Sun, 2016, Deep residual learning for image recognition, arXiv:1512.03385.

    layers: the layers of f, from its input to its output.
    """

    layers: Annotated[tuple[Layer, ...], MinLen(1), Expected("a list of at least one layer")]
    examples: ClassVar[Sequence[Example]] = [
        ({"layers": [{"type": "dense", "units": 4}, "tanh"]}, (4,)),
        ({"layers": ["tanh"]}, (2, 3)),
        ({"layers": [{"type": "batch_norm", "epsilon": 0.01}, {"type": "dropout", "rate": 0.3}]}, (3,)),
    ]
    formulas: ClassVar[tuple[str, ...]] = (
        "y = x + f(x)",
        "dx = dy + vjp(f, x, dy)",
    )

    def build(self, shape: Shape) -> Shape:
        self._stack = copy.deepcopy(self.layers)
        self._shapes = build(self._stack, shape)
        self._chains: dict[int, Chain] = {}
        self._trainable = any(layer.params() for layer in self._stack)
        if self._shapes[-1] != shape:
            raise ShapeError(
                f"wants layers that keep the shape, but they turn {shape} into {self._shapes[-1]}"
            )
        return shape

    def __getstate__(self) -> dict[str, Any]:
        """A copy works on other arrays."""
        return {**vars(self), "_chains": {}} if hasattr(self, "_chains") else vars(self)

    def sublayers(self) -> Sequence[Layer]:
        return self._stack

    def equations(self) -> tuple[Formula, ...]:
        """Those of the connection; f's layers have their own."""
        return stated(self.formulas, self.options(), {"f"})

    def formula_values(self, x: Array, y: Array) -> dict[str, Any]:
        """f and its gradient are functions that give what the layers last computed for as many rows."""
        dx = next((each.dx for each in reversed(self._chains.values()) if each.x.shape == x.shape), x)
        return {**super().formula_values(x, y), "f": lambda _: y - x, "vjp": lambda *_: dx}

    def multiply_adds(self, x: Shape, y: Shape) -> int:
        stack = zip(self._stack, self._shapes, self._shapes[1:], strict=False)
        return sum(layer.multiply_adds(below, above) for layer, below, above in stack)

    def row_numbers(self, y: Shape) -> int:
        stack = zip(self._stack, self._shapes[1:], strict=True)
        return super().row_numbers(y) + sum(layer.row_numbers(shape) for layer, shape in stack)

    def forward(self, x: Array, y: Array) -> None:
        chain = self.chain(x)
        chain.forward()
        np.add(x, chain.y, out=y)

    def infer(self, x: Array, y: Array) -> None:
        chain = self.chain(x)
        chain.infer()
        np.add(x, chain.y, out=y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        chain = self.chain(x)
        np.copyto(chain.dy, dy)
        chain.backward()

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        if not self._trainable:  # then `param_grads` was not called
            self.param_grads(x, y, dy)
        np.add(dy, self.chain(x).dx, out=dx)

    def output_range(self, x: Range) -> Range:
        f = output_range(self.layers, x)
        return (x[0] + f[0], x[1] + f[1])

    def chain(self, x: Array) -> Chain:
        """The chain for the input array x, which it keeps alive, so that its id stays unique."""
        if id(x) not in self._chains:
            self._chains[id(x)] = Chain(self._stack, self._shapes, x, to_input=True)
        return self._chains[id(x)]
