"""Frozen records that cross the borders between parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable
from nnfs_cli.preprocessing.preparation import Column, Preparation, pixels_of

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

    NnfsError where it cannot be augmented so, or holds a number that is not finite or too large.
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
        arrays = {
            id(array): (what, array)
            for split in self.splits.values()
            for what, array in (("inputs", split.x), ("targets", split.t))
        }
        for what, array in arrays.values():
            # A mapped file was checked when it was opened, and may take long to read once more.
            if array.dtype == np.float64 and not isinstance(array, np.memmap):
                refuse_unusable(array, in_rows_of(f"dataset: {what}"))

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
