"""The loss's contract and registry."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.preprocessing.records import Data, Task


class Loss(Component, ABC):
    """The loss of the network's outputs z (N, M) for targets t: classes (N,) or real values (N, M).

    tasks: the kinds of targets it is defined for.
    expects_logits: z are logits, and turning them into probabilities is part of the loss.
    any_units: its minimum is the same prediction in whatever units targets are; not so where they are
        counts or probabilities.
    adds_up: a batch's gradient is the mean of its parts' gradients, weighted by `weight`. Only then may
        batches be accumulated, or shared among workers. A class says so for itself, not for classes that
        derive from it.
    largest_output: the |z| up to which float32 can hold the loss.
    examples: options that the gradient check and the tests try.
    """

    registry: ClassVar[Registry["Loss"]]
    tasks: ClassVar[tuple[Task, ...]]
    expects_logits: ClassVar[bool] = False
    any_units: ClassVar[bool] = True
    adds_up: ClassVar[bool] = False
    largest_output: ClassVar[float] = 1e4
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}]

    @abstractmethod
    def value(self, z: Array, t: Array) -> float:
        """The loss of the whole batch, summed up in float64."""

    @abstractmethod
    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        """Write the gradient of `value` to z into dz (N, M)."""

    def weight(self, t: Array) -> float:
        """What rows with targets t count together in the mean that `value` is.

        A batch's gradient is put together from those of its parts, each times its share of the weight.
        Of a sum over rows each part counts as much as the whole: 1.
        """
        return float(len(t))

    def predict(self, z: Array) -> Array:
        """What z says in the targets' own terms, (N, M): probabilities where z are logits."""
        return z

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        """Outputs z and targets t to try the gradient on, float64, one pair for each kind of targets."""
        for task in self.tasks:
            z = 2.0 * rng.normal(size=(n, width))
            yield task, z, rng.integers(0, width, n) if task == "classification" else rng.normal(size=z.shape)

    def width(self, data: Data) -> int:
        """How many outputs M the network must have for these data."""
        return data.target_width


def adds_up(loss: Loss) -> bool:
    """Whether a batch's gradient can be put together from its parts', as the loss's own class says."""
    return bool(vars(type(loss)).get("adds_up", False))


LOSSES: Registry[Loss] = Registry("loss", __package__)
Loss.registry = LOSSES
