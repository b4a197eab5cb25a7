"""The methods that the training loop calls to take steps and to compute outputs."""

from typing import Protocol

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.records import Split


class Engine(Protocol):
    """Takes training steps, and computes the network's outputs for a split.

    After each step the network's parameters and the optimizer's state are up to date.

    name: the engine's name in a run's summary.
    order: (N,) the training rows in this epoch's order. The training loop writes them.
    outputs: (N, M) the network's outputs for the rows of `order`, computed in the step that trained on them.
    parts: the number of parts that each batch, or large product, is cut into. It depends on shapes alone.
    workers: the number of processes or threads that compute these parts, at most. It changes no bit.
    blas_threads: the number of threads that BLAS uses in a step.
    """

    order: Array
    outputs: Array

    @property
    def name(self) -> str: ...
    @property
    def parts(self) -> int: ...
    @property
    def workers(self) -> int: ...
    @property
    def blas_threads(self) -> int: ...

    def step(self, rows: slice, number: int, learning_rate: float) -> None:
        """Take a step of gradient descent on these rows of `order`. `number` counts the steps before it."""

    def infer(self, split: Split) -> Array:
        """The network's outputs (N, M) for all rows of a split, as in evaluation."""

    def begin(self, number: int) -> None:
        """Prepare for steps from this number on. Called when training begins or resumes."""

    def end(self) -> None:
        """Release what only steps need, such as worker processes. A later step makes it again."""
