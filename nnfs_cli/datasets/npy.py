"""Arrays from .npy files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nnfs_cli.core.arrays import Array
from nnfs_cli.datasets.base import DATASETS, ArrayDataset
from nnfs_cli.sources.arrays import open_npy
from nnfs_cli.sources.paths import FilePath, find_file


@DATASETS.register("npy")
@dataclass(frozen=True, kw_only=True)
class NPY(ArrayDataset):
    """The arrays x (N, ...) and y, classes (N,) or real values (N,) or (N, M), of two .npy files

    They are mapped into memory, and may be larger than it.

    x: the file of the inputs.
    y: the file of the targets. One-hot rows (N, K) are taken as classes.
    x_test, y_test: the files of separate test rows, inputs and targets, if there are any.
    classes: the classes' names, in the order of their sorted labels; by default the labels.
    task: classification or regression; auto decides by y.
    validation: rows to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}.
    test: rows to hold out for test, as a count or as a share; of classes, both get the same share.
    standardize: bring each feature to mean 0 and standard deviation 1.
    minmax: bring each feature to the range 0 to 1.
    scale: divide each feature by its largest absolute value.
        Images are normalized by one map for all pixels.
    standardize_target: train a regression on targets of mean 0 and standard deviation 1; auto does so unless
        the last layer has bounds, as sigmoid and relu have, or the loss is for counts or probabilities;
        predictions and metrics are in y's own units either way.
    augment: random changes of the training images; null for none.
    """

    x: FilePath
    y: FilePath
    x_test: FilePath = ""
    y_test: FilePath = ""
    example: ClassVar[Mapping[str, Any]] = {"x": "x.npy", "y": "y.npy"}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_test_rows(self.x_test, self.y_test, "a file")

    def arrays(self) -> dict[str, tuple[Array, Array, str]]:
        named = {"train": ("x", "y"), "test": ("x_test", "y_test")}
        return {
            split: (*(self._open(option) for option in options), getattr(self, options[0]))
            for split, options in named.items()
            if split == "train" or getattr(self, options[0])
        }

    def _open(self, option: str) -> Array:
        return open_npy(find_file(getattr(self, option), f"dataset.{option}"))
