"""The base class and registry of losses."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.preprocessing.records import Data, Task


class Loss(Component, ABC):
    """The loss of the network's outputs z (N, M) for targets t: classes (N,) or real values (N, M).

    tasks: the kinds of targets that the loss takes.
    expects_logits: whether z are logits, which the loss turns into probabilities itself.
    any_units: whether targets may be normalized. Counts and probabilities may not.
    adds_up: whether a batch's gradient is the mean of its parts' gradients, weighted by `weight`. If so,
        batches may be accumulated, and cut into parts. A subclass does not inherit it, but says so itself.
    largest_output: the |z| up to which float32 can represent the loss.
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
        """The loss of the whole batch, summed in float64."""

    @abstractmethod
    def gradient(self, z: Array, t: Array, dz: Array) -> None:
        """Write the gradient of `value` to z into dz (N, M)."""

    def formula_values(self, z: Array, t: Array) -> dict[str, Any]:
        """Values of names in formulas, but for what these define: z, t, options, N, and z's width M or K."""
        return {**self.options(), "z": z, "t": t, "N": len(z), "M": z.shape[1], "K": z.shape[1]}

    def weight(self, t: Array) -> float:
        """The weight of rows with targets t, when the gradients of a batch's parts are averaged.

        For a mean over rows it is their number. For a sum over rows it is 1, for parts and for the whole.
        """
        return float(len(t))

    def predict(self, z: Array) -> Array:
        """The predictions (N, M) for outputs z: probabilities for logits, else z."""
        return z

    def constant(self, t: Array, width: int) -> Array:
        """(M,) outputs, M being `width`, for a network that knows targets t and ignores its inputs.

        They predict the mean, and of classes the share of each; a loss with another best guess gives that.
        """
        if t.ndim == 1:
            return np.bincount(t, minlength=width) / len(t)
        return np.asarray(t.mean(axis=0, dtype=np.float64))

    def trials(self, n: int, width: int, rng: np.random.Generator) -> Iterator[tuple[Task, Array, Array]]:
        """(task, z, t) for each kind of targets: random outputs and targets in float64 to try."""
        for task in self.tasks:
            z = 2.0 * rng.normal(size=(n, width))
            if task == "classification":
                yield task, z, rng.integers(0, width, n)
            elif self.any_units:
                yield task, z, rng.normal(size=z.shape)
            else:  # valid as probabilities, and where targets must be positive
                yield task, z, rng.uniform(0.05, 0.95, z.shape)

    def width(self, data: Data) -> int:
        """The number of outputs M that the network must have for these data."""
        return data.target_width


def adds_up(loss: Loss) -> bool:
    """Whether the loss's own class, not a base class, declares `adds_up`."""
    return bool(vars(type(loss)).get("adds_up", False))


LOSSES: Registry[Loss] = Registry("loss", __package__)
Loss.registry = LOSSES
