"""The base class and registry of optimizers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import FlatParams

CHUNK = 2**16
"""Numbers that an optimizer updates at a time: they stay in the cache through all of a step's operations."""


class Optimizer(Component, ABC):
    """Changes the parameters by their gradient. Every optimizer has an option `learning_rate`.

    Its state are arrays that `build` creates, as a rule of params.value's shape (P,), or (..., P).
    scratch: (P,) for intermediate results of a step.
    """

    registry: ClassVar[Registry["Optimizer"]]
    learning_rate: float

    def build(self, params: FlatParams) -> None:
        """Create the state for these parameters, and `scratch`."""
        self.scratch = np.empty_like(params.value)

    @abstractmethod
    def step(self, params: FlatParams, learning_rate: float) -> None:
        """Change params.value in place. params.grad may be overwritten: its content is lost."""

    def formula_values(self, params: FlatParams, learning_rate: float) -> dict[str, Any]:
        """Before a step, the values of names in formulas, but for what these define.

        They are w and g, copies of params.value and params.grad; lr; the state; options; and n, the number of
        the step, where there is a count.
        """
        state = {name: array.copy() for name, array in self.state().items()}
        counted = {"n": int(state["count"][0]) + 1} if "count" in state else {}
        w, g = params.value.copy(), params.grad.copy()
        return {**self.options(), **state, **counted, "w": w, "g": g, "lr": learning_rate}

    def state(self) -> dict[str, Array]:
        """The arrays that the next step depends on, by name: no copies, so that they can be loaded into."""
        return {}


def chunks(n: int) -> Iterator[slice]:
    """Slices of CHUNK numbers that cover 0 to n."""
    return slices(n, CHUNK)


def add_weight_decay(params: FlatParams, coefficient: float, scratch: Array) -> None:
    """Coupled weight decay: g <- g + c w for decayed parameters. This is L2 regularization."""
    if coefficient:
        d = params.decayed
        np.multiply(params.value[d], coefficient, out=scratch[d])
        params.grad[d] += scratch[d]


def decay_weights(params: FlatParams, coefficient: float, learning_rate: float) -> None:
    """Decoupled weight decay: w <- w - lr c w for decayed parameters. It does not go through the gradient.

    Loshchilov and Hutter, 2019, Decoupled weight decay regularization, arXiv:1711.05101.
    """
    if coefficient:
        params.value[params.decayed] *= 1.0 - learning_rate * coefficient


def update_average(mean: Array, decay: float, new: Array, scratch: Array) -> None:
    """mean <- decay mean + (1 - decay) new, in place. `scratch` may be `new`, whose content is then lost."""
    np.multiply(new, 1.0 - decay, out=scratch)
    mean *= decay
    mean += scratch


def total_weight(decay: float, n: int) -> float:
    """1 + decay + ... + decay^(n-1): the sum of the n numbers' weights in s <- decay s + new.

    s / total_weight is the numbers' weighted mean. It equals Adam's m / (1 - decay^n), since
    m <- decay m + (1 - decay) new is (1 - decay) s. But s needs two passes less over the vector.
    """
    return (1.0 - decay**n) / (1.0 - decay)


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", __package__)
Optimizer.registry = OPTIMIZERS
