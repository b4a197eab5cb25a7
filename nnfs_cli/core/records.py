"""Frozen records that cross the borders between parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nnfs_cli.core.affine import IDENTITY, Affine
from nnfs_cli.core.augmentation import Augmentation
from nnfs_cli.core.params import Array, Shape
from nnfs_cli.core.preparation import Column, Preparation, pixels_of

Task = Literal["classification", "regression"]

SAMPLED_IMAGES = 1000
"""So many training images tell what the others look like."""


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


@dataclass(frozen=True, eq=False)
class Data:
    """A loaded dataset. `classes` to `targets` are as in `Preparation`.

    splits: `train` always, `validation` and `test` where there are any; their x and t are as they
        came, before `inputs` and `targets` normalize them.
    truth: the noiseless target, (N, ...) -> (N, M), where it is known.
    fingerprint: changes when the data does.
    notes: what was inferred rather than said, a sentence each.
    missing: of a table, how many values each column lacked before they were filled or dropped.
    augment: how images are changed at random each time they are trained on.

    NnfsError where it cannot be augmented so.
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
    missing: Mapping[str, int] = field(default_factory=dict)
    augment: Augmentation | None = None

    def __post_init__(self) -> None:
        if self.augment is not None:
            self.augment.check_rows(self.input_shape)

    @property
    def preparation(self) -> Preparation:
        train = self.splits["train"]
        return Preparation(
            input_shape=self.input_shape,
            columns=self.columns,
            inputs=self.inputs,
            pixels=pixels_of(train.x[train.rows[:SAMPLED_IMAGES]]),
            classes=self.classes,
            target_names=self.target_names,
            targets=self.targets,
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
