"""The base classes of contestants."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from workloads import Workload

from nnfs_cli.core.arrays import Array

Weights = Mapping[str, Array]
"""Parameters with our names and axes: `1_dense/W` (D, M), `1_conv2d/W` (F, C, kh, kw)."""


class Contestant(ABC):
    """Runs a workload with a library.

    threads: the number of threads that it may use; `auto` for the library's own rule.
    variant: one of several ways in which the library can run it.
    """

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        self.workload, self.threads, self.variant = workload, threads, variant

    @property
    def facts(self) -> str:
        """How it runs, for the report."""
        return f"{self.threads} thread(s)"

    @abstractmethod
    def part(self) -> None:
        """Train an epoch, or predict the test rows once."""

    def round(self) -> None:
        """Run what is timed at a time."""
        for _ in range(self.workload.parts):
            self.part()


class Trainer(Contestant):
    """Trains the workload's network. Each epoch shuffles the rows."""

    @abstractmethod
    def start(self, weights: Weights) -> None:
        """Make the network with these weights."""

    @abstractmethod
    def steps(self, batches: Sequence[Array]) -> None:
        """Train on these rows, one step for each batch."""

    @abstractmethod
    def weights(self) -> Weights:
        """The current weights."""


class Inference(Contestant):
    """Predicts the test rows with the workload's network."""

    @abstractmethod
    def start(self, weights: Weights) -> None:
        """Make the network with these weights."""

    @abstractmethod
    def predictions(self) -> Array:
        """Probabilities (N, K) for the test rows."""

    def part(self) -> None:
        self.predictions()
