"""The records of loaded data: `Data`, and its `Split`s."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.feature_ranges import FeatureRanges
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable
from nnfs_cli.preprocessing.pixels import Pixels
from nnfs_cli.preprocessing.preparation import Column, Preparation

Task = Literal["classification", "regression"]

SAMPLED_ROWS = 1000
"""`Preparation.pixels` and `Preparation.ranges` come from at most this many training rows."""


@dataclass(frozen=True, eq=False)
class Split:
    """Some rows of a dataset. Splits share `x` (R, ...) and `t`; `rows` (N,) says which are theirs.

    `t` holds class numbers (R,) or real targets (R, M). Once it is normalized for the network, `own_targets`
    keeps the targets in their own units, to score with.
    """

    x: Array
    t: Array
    rows: Array
    own_targets: Array | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def sampled(self, most: int) -> Array:
        """At most `most` of its row numbers, evenly spaced."""
        places = np.linspace(0, len(self) - 1, min(len(self), most)).astype(np.intp)
        return np.asarray(self.rows[places])

    @property
    def targets(self) -> Array:
        """Class numbers (R,), or real targets (R, M) in their own units."""
        return self.t if self.own_targets is None else self.own_targets

    def __repr__(self) -> str:
        return f"<Split: {len(self):,} rows of shape {self.x.shape[1:]}>"


@dataclass(frozen=True, eq=False)
class Data:
    """A loaded dataset. `classes` to `targets` are as in `Preparation`.

    splits: `train` always, `validation` and `test` if there are any; x and t are raw, before `inputs` and
        `targets` normalize them.
    truth: the target without noise, (N, ...) -> (N, M), if it is known.
    fingerprint: changes when the data does.
    notes: sentences on what was inferred from the data.
    why_task: the one of them that says why the task was told as it was; empty if an option gives the task.
    pixels: the images' scale, if it is not to be found from a sample of them.
    missing: for a table, how many values each column lacked before they were filled or dropped.
    filled: for each feature with gaps that were filled, which rows of the training split's x had one.
    augment: random changes of the training images.

    NnfsError if the rows cannot be augmented, or hold a number that is not finite or too large.
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
    why_task: str = ""
    pixels: Pixels | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, Array] = field(default_factory=dict)
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
            # Files mapped into memory were checked when opened, and may take long to read again.
            if array.dtype == np.float64 and not isinstance(array, np.memmap):
                refuse_unusable(array, in_rows_of(f"dataset: {what}"))

    def __repr__(self) -> str:
        what = f"{len(self.classes)} classes" if self.classes else f"{self.target_width} real values"
        rows = ", ".join(f"{len(split):,} {name}" for name, split in self.splits.items())
        return f"<Data {self.input_shape} -> {what}: {rows} rows>"

    @property
    def preparation(self) -> Preparation:
        train = self.splits["train"]
        some = train.x[train.sampled(SAMPLED_ROWS)]
        return Preparation(
            input_shape=self.input_shape,
            columns=self.columns,
            inputs=self.inputs,
            pixels=self.pixels or Pixels.of(some),
            ranges=FeatureRanges.of(some),
            classes=self.classes,
            target_names=self.target_names,
            targets=self.targets,
            dtype=str(train.x.dtype),
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
