"""Frozen records of what training and evaluation found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnfs_cli.core.arrays import Array


@dataclass(frozen=True)
class StepReport:
    """One training step: the loss and metrics of its batch, before its update."""

    step: int
    epoch: int
    loss: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EpochReport:
    """One epoch. Training scores are those of the outputs that the epoch's own steps computed;
    validation scores are those of the network at its end. `seconds` count from the run's start.
    """

    epoch: int
    step: int
    seconds: float
    learning_rate: float
    train: Mapping[str, float]
    validation: Mapping[str, float]
    is_best: bool


@dataclass(frozen=True)
class Heartbeat:
    """Nothing to write down, but training is alive and between two steps."""

    step: int
    epoch: int


Report = StepReport | EpochReport | Heartbeat


@dataclass(frozen=True)
class ClassScore:
    """How well one class is told from the others. `support` counts its rows."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A network's scores on one split, and the outputs (N, M) they were computed from.

    `confusion[i][j]` counts rows of class i that were taken for class j.
    """

    split: str
    rows: int
    scores: Mapping[str, float]
    outputs: Array
    confusion: tuple[tuple[int, ...], ...] = ()
    classes: tuple[ClassScore, ...] = field(default=())
