"""Images and labels from any IDX files, the format of MNIST."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, check_options, listed
from nnfs_cli.datasets.base import DATASETS, Dataset, check_classes, fingerprint
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.fitting import fit_affine
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import Validation, split_up
from nnfs_cli.sources.array_targets import label_notes, named_labels
from nnfs_cli.sources.idx import read_idx
from nnfs_cli.sources.paths import FilePath, find_file

MOST_CLASSES = 2**16
"""Larger labels cannot be class numbers."""


@DATASETS.register("idx")
@dataclass(frozen=True)
class IDX(Dataset):
    """The images x: (N, ...) and labels (N,), whole numbers, of IDX files such as MNIST's

    LeCun, Cortes and Burges, The MNIST database of handwritten digits, describes the format.

    train_images, train_labels: the files of the training rows, images and labels, plain or gzipped.
    test_images, test_labels: the files of the test rows, images and labels, if there are any.
    classes: the classes' names, in the order of their labels; by default the labels.
    scale: divide bytes by 255, other numbers by their largest absolute value in the training rows.
    validation: training rows to hold out for validation, drawn with the experiment's seed: a count, a
        share, or a fold such as {fold: 0, of: 5}.
    augment: random changes of the training images; null for none.
    """

    train_images: FilePath
    train_labels: FilePath
    test_images: FilePath = ""
    test_labels: FilePath = ""
    classes: tuple[str, ...] = ()
    scale: bool = True
    validation: Validation = 0
    augment: Augmentation | None = None
    example: ClassVar[Mapping[str, Any]] = {"train_images": "images", "train_labels": "labels"}

    def __post_init__(self) -> None:
        some = bool(self.test_images or self.test_labels)
        check_options(
            self,
            test_images=(bool(self.test_images) or not some, "a file, as test_labels is"),
            test_labels=(bool(self.test_labels) or not some, "a file, as test_images is"),
            classes=check_classes(self.classes),
        )

    def load(self, rng: np.random.Generator) -> Data:
        x, t = self._rows("train")
        found = tuple(str(label) for label in np.unique(t))
        if len(found) < 2:
            raise NnfsError(
                f"dataset.train_labels: {self.train_labels} has only one class, "
                f"{found[0]!r}: there is nothing to tell apart"
            )
        labels = named_labels(self.classes, found, self.train_labels) if self.classes else found
        known, classes = np.array(labels, np.intp), self.classes or labels
        notes = label_notes(self.train_labels, labels, classes, found)
        arrays = [x, t]
        t = self._class_numbers("train", t, known)
        splits = split_up(x, t, rng, validation=self.validation)
        if self.test_images:
            x_test, t_test = self._rows("test")
            if x_test.shape[1:] != x.shape[1:]:
                raise NnfsError(
                    f"dataset.test_images: {self.test_images} has rows of shape {x_test.shape[1:]}, "
                    f"but those of training have {x.shape[1:]}"
                )
            arrays += [x_test, t_test]
            t_test = self._class_numbers("test", t_test, known)
            splits["test"] = Split(x_test, t_test, np.arange(len(x_test)))
        inputs = self._inputs(x, splits["train"].rows)
        prints = fingerprint(*arrays)
        return Data(splits, classes, inputs=inputs, fingerprint=prints, notes=notes, augment=self.augment)

    def _rows(self, split: str) -> tuple[Array, Array]:
        """A split's images and labels, checked to belong together."""
        options = f"{split}_images", f"{split}_labels"
        images, labels = (find_file(getattr(self, option), f"dataset.{option}") for option in options)
        x, t = read_idx(images), read_idx(labels)
        if x.ndim < 2:
            raise NnfsError(f"dataset.{options[0]}: {images} must hold rows (N, ...), found shape {x.shape}")
        if t.ndim != 1 or t.dtype.kind not in "iu":
            raise NnfsError(
                f"dataset.{options[1]}: {labels} must hold whole numbers (N,), found {t.shape} of {t.dtype}"
            )
        if len(x) != len(t):
            raise NnfsError(f"dataset.{options[1]}: {labels} has {len(t)} labels for {len(x)} images")
        refuse_unusable(x, in_rows_of(str(images)))
        if t.min() < 0 or t.max() >= MOST_CLASSES:
            row = int(((t < 0) | (t >= MOST_CLASSES)).argmax())
            raise NnfsError(
                f"dataset.{options[1]}: {labels}, row {row + 1}: "
                f"must be the number of a class, 0 to {MOST_CLASSES - 1}, found {t[row]}"
            )
        return x, t.astype(np.intp)

    def _class_numbers(self, split: str, t: Array, known: Array) -> Array:
        """Each label's place among the known ones, which are sorted. NnfsError for any other label."""
        strange = ~np.isin(t, known)
        if strange.any():
            row = int(strange.argmax())
            names = "`classes` names" if self.classes else "training has"
            raise NnfsError(
                f"dataset.{split}_labels: {getattr(self, f'{split}_labels')}, row {row + 1}: "
                f"label {t[row]} is no class: {names} {listed(known.astype(str).tolist(), 12)}"
            )
        return np.searchsorted(known, t)

    def _inputs(self, x: Array, rows: Array) -> Affine:
        if not self.scale:
            return IDENTITY
        return Affine(scale=1.0 / 255.0) if x.dtype == np.uint8 else fit_affine(x, rows, "scale", shared=True)
