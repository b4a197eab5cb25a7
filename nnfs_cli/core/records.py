"""Frozen records that cross the borders between parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nnfs_cli.core.affine import IDENTITY, Affine
from nnfs_cli.core.params import Array, Shape

Task = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False)
class Split:
    """Some rows of a dataset. Splits share `x` (R, ...) and `t`; `rows` (N,) says which are theirs.

    `t` holds class numbers (R,) or real targets (R, M).
    """

    x: Array
    t: Array
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Column:
    """A feature of a table, and what it becomes: a number, or one number for each category, one-hot.

    categories: the texts that may stand in it, sorted; empty for numbers.
    fill: what a missing value counts as; None where missing values are a mistake.
    """

    name: str
    categories: tuple[str, ...] = ()
    fill: float | str | None = None

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return len(self.categories) or 1


@dataclass(frozen=True, eq=False)
class Preparation:
    """How rows as a user has them become a network's input, and its outputs become answers.

    Fitted on the training rows, and kept with a run, so that later rows are treated alike.

    input_shape: the shape of one row.
    columns: the features of a table, in the order of their numbers in a row; empty for arrays.
    inputs: from raw numbers to what the network reads (1/255 for pixels).
    classes: the classes' names in the order of their numbers; empty for regression.
    target_names: the target columns' names, where they have any.
    targets: from a regression's targets in their own units to those that the network is trained on.
    """

    input_shape: Shape
    columns: tuple[Column, ...] = ()
    inputs: Affine = IDENTITY
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    targets: Affine = IDENTITY


@dataclass(frozen=True, eq=False)
class Data:
    """A loaded dataset. `classes` to `targets` are as in `Preparation`.

    splits: `train` always, `validation` and `test` where there are any; x are raw numbers, as
        `inputs` takes them, and real targets are already those that the network is trained on.
    truth: the noiseless target, (N, ...) -> (N, M), where it is known.
    fingerprint: changes when the data does.
    notes: what was inferred rather than said, a sentence each.
    """

    splits: Mapping[str, Split]
    classes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    inputs: Affine = IDENTITY
    target_names: tuple[str, ...] = ()
    targets: Affine = IDENTITY
    truth: Callable[[Array], Array] | None = None
    fingerprint: str = ""
    notes: tuple[str, ...] = ()

    @property
    def preparation(self) -> Preparation:
        return Preparation(
            self.input_shape, self.columns, self.inputs, self.classes, self.target_names, self.targets
        )

    @property
    def task(self) -> Task:
        return "classification" if self.classes else "regression"

    @property
    def input_shape(self) -> Shape:
        return tuple(self.splits["train"].x.shape[1:])

    @property
    def target_width(self) -> int:
        """How many outputs a network for this data has: the classes, or the targets' columns."""
        return len(self.classes) or int(self.splits["train"].t.shape[1])


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
