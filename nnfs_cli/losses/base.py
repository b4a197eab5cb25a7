"""The loss's contract and registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Task


class Loss(Component, ABC):
    """The loss of the network's outputs z (N, M) for targets t: classes (N,) or real values (N, M).

    tasks: the kinds of targets it is defined for.
    expects_logits: z are logits, and turning them into probabilities is part of the loss.
    examples: options that the gradient check and the tests try.
    """

    registry: ClassVar[Registry["Loss"]]
    tasks: ClassVar[tuple[Task, ...]]
    expects_logits: ClassVar[bool] = False
    examples: ClassVar[Sequence[Mapping[str, Any]]] = [{}]

    @abstractmethod
    def value(self, z: Array, t: Array) -> float:
        """The loss of the whole batch, summed up in float64."""

    @abstractmethod
    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        """Write the gradient of `value` to z into dz (N, M)."""

    def predict(self, z: Array) -> Array:
        """What z says in the targets' own terms, (N, M): probabilities where z are logits."""
        return z


LOSSES: Registry[Loss] = Registry("loss", __package__)
Loss.registry = LOSSES
