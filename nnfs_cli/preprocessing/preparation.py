"""The preparation: what a trained network must be told of raw rows, and of its own answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.preprocessing.affine import IDENTITY, Affine


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
    pixels: of images, the largest value and the mean along the edges, which is the background's.
    classes: the classes' names in the order of their numbers; empty for regression.
    target_names: the target columns' names, where they have any.
    targets: from a regression's targets in their own units to those that the network is trained on.
    """

    input_shape: Shape
    columns: tuple[Column, ...] = ()
    inputs: Affine = IDENTITY
    pixels: tuple[float, float] | None = None
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    targets: Affine = IDENTITY

    @property
    def labels(self) -> Array:
        """The classes as a user has them: integers where all are, else texts."""
        try:
            numbers = [int(label) for label in self.classes]
        except ValueError:
            return np.array(self.classes)
        same = [str(number) for number in numbers] == list(self.classes)  # not so for 007
        return np.array(numbers if same else self.classes)

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "input_shape": list(self.input_shape),
            "columns": [asdict(column) for column in self.columns],
            "inputs": _record(self.inputs),
            "pixels": self.pixels,
            "classes": list(self.classes),
            "target_names": list(self.target_names),
            "targets": _record(self.targets),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Preparation":
        """The inverse of `record`; KeyError, TypeError or ValueError where it is damaged."""
        columns = (Column(**{**c, "categories": tuple(c["categories"])}) for c in record["columns"])
        return cls(
            input_shape=tuple(record["input_shape"]),
            columns=tuple(columns),
            inputs=Affine(**record["inputs"]),
            pixels=record["pixels"] and tuple(record["pixels"]),
            classes=tuple(record["classes"]),
            target_names=tuple(record["target_names"]),
            targets=Affine(**record["targets"]),
        )


def pixels_of(x: Array) -> tuple[float, float] | None:
    """The `pixels` of rows x: (N, H, W) or (N, C, H, W); None where they are no images."""
    if x.ndim not in (3, 4):
        return None
    edges = (x[..., 0, :], x[..., -1, :], x[..., :, 0], x[..., :, -1])
    return float(x.max()), float(np.mean([edge.mean() for edge in edges]))


def _record(affine: Affine) -> dict[str, Any]:
    return {name: np.asarray(getattr(affine, name)).tolist() for name in ("shift", "scale")}
