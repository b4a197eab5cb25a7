"""The common part of image datasets that were published as four IDX files, as MNIST was."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfs_cli.datasets.base import Dataset
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import Validation, split_up
from nnfs_cli.sources.paths import PathIfThere
from nnfs_cli.sources.published_files import PublishedFiles


@dataclass(frozen=True)
class PublishedImages(Dataset):
    """Images of 8 bits per pixel and their labels, for training and for test.

    files: the four files.
    classes: the classes' names, from label 0 on.
    """

    files: ClassVar[PublishedFiles]
    classes: ClassVar[tuple[str, ...]]

    path: PathIfThere
    scale: bool = True
    validation: Validation = 0
    augment: Augmentation | None = None

    def load(self, rng: np.random.Generator) -> Data:
        x, t, x_test, t_test = self.files.arrays(self.path)
        splits = split_up(x, t, rng, validation=self.validation)
        splits["test"] = Split(x_test, t_test, np.arange(len(x_test)))
        inputs = Affine(scale=1.0 / 255.0) if self.scale else IDENTITY
        prints = self.files.fingerprint
        return Data(splits, self.classes, inputs=inputs, fingerprint=prints, augment=self.augment)
