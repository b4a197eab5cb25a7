"""What training asks of an engine: steps, and answers. Who computes them, and how, is the engine's affair."""

from typing import Protocol

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.records import Split


class Engine(Protocol):
    """Takes the steps of a training, and answers for rows.

    After each step the network's parameters and the optimizer's state are up to date.

    name: what runs record it as.
    order: (N,) the running epoch's training rows, for the training loop to fill.
    outputs: (N, M) what the network gave for them, before each step's update.
    parts: into how many parts the rows of a batch are cut. It follows from shapes alone.
    workers: how many processes compute these parts. It changes no bit of the result.
    blas_threads: how many threads BLAS uses in a step.
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
        """One step of gradient descent on these rows of `order`; `number` counts the steps before it."""

    def infer(self, split: Split) -> Array:
        """The network's outputs (N, M) for all rows of a split, as evaluation computes them."""

    def begin(self, number: int) -> None:
        """Get ready for steps from this number on: a training begins, or goes on."""

    def end(self) -> None:
        """Let go of what only steps need, as processes; another step brings it back."""
