"""What a contestant can be asked for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from workloads import Workload

from nnfs_cli.core.arrays import Array

Weights = Mapping[str, Array]
"""Parameters by our names and in our order of axes: `1_dense/W` (D, M), `1_conv2d/W` (F, C, kh, kw)."""


class Contestant(ABC):
    """Something that has a workload to do.

    threads: how many it may use; `auto` leaves that to our rule.
    variant: in which of a library's ways, where it has several.
    """

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        self.workload, self.threads, self.variant = workload, threads, variant

    @property
    def facts(self) -> str:
        """What is worth telling of it."""
        return f"{self.threads} thread(s)"

    @abstractmethod
    def part(self) -> None:
        """An epoch, or a pass over the test rows."""

    def round(self) -> None:
        """What is timed in one go."""
        for _ in range(self.workload.parts):
            self.part()


class Trainer(Contestant):
    """Trains the workload's network, on rows shuffled anew in each epoch."""

    @abstractmethod
    def start(self, weights: Weights) -> None:
        """Begin with these weights."""

    @abstractmethod
    def steps(self, batches: Sequence[Array]) -> None:
        """Train on these rows, a step for each batch."""

    @abstractmethod
    def weights(self) -> Weights:
        """The weights as they are."""


class Answerer(Contestant):
    """Lets the workload's network answer for the test rows."""

    @abstractmethod
    def start(self, weights: Weights) -> None:
        """Answer with these weights."""

    @abstractmethod
    def answers(self) -> Array:
        """Probabilities (N, K) for the test rows."""

    def part(self) -> None:
        self.answers()
