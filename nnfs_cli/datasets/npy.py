"""Arrays from .npy files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nnfs_cli.core.arrays import Array
from nnfs_cli.datasets.base import DATASETS, ArrayDataset
from nnfs_cli.sources.arrays import open_npy
from nnfs_cli.sources.paths import find_file


@DATASETS.register("npy")
@dataclass(frozen=True, kw_only=True)
class NPY(ArrayDataset):
    """The arrays x (N, ...) and y, classes (N,) or real values (N,) or (N, M), of two .npy files

    They are mapped into memory, and may be larger than it.

    x: the file of the inputs.
    y: the file of the targets.
    x_test, y_test: the files of separate test rows, inputs and targets, if there are any.
    task: classification or regression; auto tells by y.
    validation, test: how many rows to hold out, or which share of them; by class for classes.
    standardize: bring each entry of a row to mean 0 and standard deviation 1.
    minmax: bring each entry to the range 0 to 1.
    scale: divide each entry by its largest size. Of images, all pixels share one map.
    standardize_target: train a regression on targets of mean 0 and standard deviation 1, unless its
        loss is for counts or probabilities; predictions and metrics are in y's own units all the same.
    augment: how to change images at random each time they are trained on; null for not at all.
    """

    x: str
    y: str
    x_test: str = ""
    y_test: str = ""
    example: ClassVar[Mapping[str, Any]] = {"x": "x.npy", "y": "y.npy"}

    def arrays(self) -> dict[str, tuple[Array, Array, str]]:
        named = {"train": ("x", "y"), "test": ("x_test", "y_test")}
        return {
            split: (*(self._open(option) for option in options), getattr(self, options[0]))
            for split, options in named.items()
            if getattr(self, options[0])
        }

    def _open(self, option: str) -> Array:
        return open_npy(find_file(getattr(self, option), f"dataset.{option}"))
