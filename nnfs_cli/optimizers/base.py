"""The optimizer's contract and registry."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import FlatParams

LONGEST_STRETCH = 2**16
"""Numbers that an optimizer goes over several times before it comes to the next."""


class Optimizer(Component, ABC):
    """Steps down the gradient. Every optimizer has an option `learning_rate`.

    What it remembers between steps are arrays, each created in `build`: as a rule vectors of params.value's
    shape (P,), or several as (..., P).
    """

    registry: ClassVar[Registry["Optimizer"]]
    learning_rate: float

    def build(self, params: FlatParams) -> None:
        """Create the state for these parameters."""
        self.scratch = np.empty_like(params.value)

    @abstractmethod
    def step(self, params: FlatParams, learning_rate: float) -> None:
        """Update params.value in place from params.grad, which is used up: it may hold anything after."""

    def state(self) -> dict[str, Array]:
        """What the next step depends on, by name; the arrays themselves, to save or to write into."""
        return {}


def stretches(n: int) -> Iterator[slice]:
    """0 to n in slices so short that what an optimizer has of each stays in the cache from pass to pass."""
    return slices(n, LONGEST_STRETCH)


def add_weight_decay(params: FlatParams, coefficient: float, scratch: Array) -> None:
    """Coupled weight decay: g <- g + c w, where weight decay applies. It is L2 regularization."""
    if coefficient:
        d = params.decayed
        np.multiply(params.value[d], coefficient, out=scratch[d])
        params.grad[d] += scratch[d]


def decay_weights(params: FlatParams, coefficient: float, learning_rate: float) -> None:
    """Decoupled weight decay: w <- w - lr c w, where weight decay applies, whatever the gradient.

    Loshchilov and Hutter, 2019, Decoupled weight decay regularization, arXiv:1711.05101.
    """
    if coefficient:
        params.value[params.decayed] *= 1.0 - learning_rate * coefficient


def average_in(mean: Array, memory: float, news: Array, scratch: Array) -> None:
    """mean <- memory mean + (1 - memory) news, in place. `scratch` may be `news`, which is then used up."""
    np.multiply(news, 1.0 - memory, out=scratch)
    mean *= memory
    mean += scratch


def total_weight(memory: float, n: int) -> float:
    """1 + memory + ... + memory^(n-1): what the n numbers in a sum s <- memory s + news weigh together.

    The sum divided by it is their weighted mean. It is the same as Adam's m / (1 - memory^n), whose
    m <- memory m + (1 - memory) news is (1 - memory) s, for two passes over the vector fewer.
    """
    return (1.0 - memory**n) / (1.0 - memory)


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", __package__)
Optimizer.registry = OPTIMIZERS
