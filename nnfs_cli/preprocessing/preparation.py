"""The preparation: how raw rows become inputs, and outputs become predictions."""

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.feature_ranges import FeatureRanges
from nnfs_cli.preprocessing.pixels import Pixels, pixels_from
from nnfs_cli.preprocessing.soundness import require_sound


@dataclass(frozen=True)
class Column:
    """A feature of a table, and what it becomes: a number, or one number for each category, one-hot.

    categories: the texts that may stand in it, sorted; empty for numbers.
    fill: what replaces a missing value; None if missing values are a mistake.
    ignore_unknown: whether a text that is no category becomes none, all zeros, and is no mistake.
    """

    name: str
    categories: tuple[str, ...] = ()
    fill: float | str | None = None
    ignore_unknown: bool = False

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return len(self.categories) or 1


@dataclass(frozen=True, eq=False)
class Preparation:
    """How raw rows become a network's inputs, and its outputs become predictions.

    It is fitted to the training rows and saved with the run, so that later rows are treated the same way.

    input_shape: the shape of one row.
    columns: the features of a table, in the order of their numbers in a row; empty for arrays.
    inputs: from raw numbers to what the network reads (1/255 for pixels).
    pixels: for images, their scale.
    ranges: for other rows, the ranges of their features.
    classes: the classes' names in the order of their numbers; empty for regression.
    target_names: the target columns' names, where they have any.
    targets: from a regression's targets in their own units to those that the network learns.
    dtype: the type of the raw rows, as NumPy calls it; empty in runs that did not record it.
    """

    input_shape: Shape
    columns: tuple[Column, ...] = ()
    inputs: Affine = IDENTITY
    pixels: Pixels | None = None
    ranges: FeatureRanges | None = None
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    targets: Affine = IDENTITY
    dtype: str = ""

    def __repr__(self) -> str:
        what = (
            f"{len(self.classes)} classes" if self.classes else ", ".join(self.target_names) or "real values"
        )
        return f"<Preparation {self.input_shape} -> {what}>"

    @property
    def labels(self) -> Array:
        """The class names: as integers or as truth values if all of them are, else as texts."""
        if self.classes == ("False", "True"):
            return np.array([False, True])
        try:
            numbers = [int(label) for label in self.classes]
        except ValueError:
            return np.array(self.classes)
        same = [str(number) for number in numbers] == list(self.classes)  # false for 007
        return np.array(numbers if same else self.classes)

    def in_trained_type(self, x: Array) -> Array:
        """Rows x in the type of the training rows if it can hold them, else in float64.

        Then a row is rounded as in training, whatever stands in other rows and columns of its file.
        """
        if not self.dtype or x.dtype == self.dtype:
            return x
        with np.errstate(invalid="ignore"):  # of numbers that the type cannot hold
            cast = x.astype(self.dtype)
        return cast if np.array_equal(cast, x) else x.astype(np.float64)

    def output_names(self, width: int, otherwise: str) -> list[str]:
        """The names of so many targets; `otherwise`, or `otherwise_1`, ..., if they have none."""
        if len(self.target_names) == width:
            return list(self.target_names)
        return [otherwise] if width == 1 else [f"{otherwise}_{m + 1}" for m in range(width)]

    @property
    def feature_names(self) -> list[str]:
        """A name for each number of a flat row: its column's, or x1, x2, ...; empty for one-hot numbers."""
        if not self.columns:
            return [f"x{i + 1}" for i in range(self.input_shape[0])]
        return [
            "" if column.categories else column.name for column in self.columns for _ in range(column.width)
        ]

    def differences(self, x: Array, source: str) -> tuple[str, ...]:
        """A note if raw rows x (N, ...) are on another scale than those of training."""
        if self.pixels:
            found = self.pixels.differences(x)
        else:
            found = self.ranges.differences(x, self.feature_names) if self.ranges else ""
        return (f"{source}: {found}",) if found else ()

    def agrees_with(self, other: "Preparation") -> bool:
        """Whether rows, targets and classes become the same numbers, but for rounding."""
        kinds = [
            (each.input_shape, each.classes, [(column.name, column.categories) for column in each.columns])
            for each in (self, other)
        ]
        return kinds[0] == kinds[1] and all(
            np.allclose(getattr(mine, name), getattr(theirs, name))
            for mine, theirs in ((self.inputs, other.inputs), (self.targets, other.targets))
            for name in ("shift", "scale")
        )

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return {
            "input_shape": list(self.input_shape),
            "columns": [asdict(column) for column in self.columns],
            "inputs": _record(self.inputs),
            "pixels": self.pixels and list(astuple(self.pixels)),
            "ranges": self.ranges and self.ranges.record(),
            "classes": list(self.classes),
            "target_names": list(self.target_names),
            "targets": _record(self.targets),
            "dtype": self.dtype,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Preparation":
        """The inverse of `record`; KeyError, TypeError, ValueError or OverflowError if it is damaged."""
        columns = (Column(**{**c, "categories": tuple(c["categories"])}) for c in record["columns"])
        preparation = cls(
            input_shape=tuple(record["input_shape"]),
            columns=tuple(columns),
            inputs=Affine(**record["inputs"]),
            pixels=pixels_from(record["pixels"]),
            ranges=FeatureRanges.from_record(record.get("ranges")),
            classes=tuple(record["classes"]),
            target_names=tuple(record["target_names"]),
            targets=Affine(**record["targets"]),
            dtype=record.get("dtype", ""),
        )
        require_sound(preparation)
        return preparation


def _record(affine: Affine) -> dict[str, Any]:
    return {name: np.asarray(getattr(affine, name)).tolist() for name in ("shift", "scale")}
