"""The MNIST database of handwritten digits, from its four IDX files."""

from dataclasses import dataclass

import numpy as np

from nnfs_cli.datasets.base import DATASETS, Dataset
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, split_up
from nnfs_cli.sources.named import NamedSet

FILES = NamedSet(
    name="mnist",
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)
"""Of the decompressed files: the .gz bytes themselves differ between distributions."""


@DATASETS.register("mnist")
@dataclass(frozen=True)
class MNIST(Dataset):
    """60,000 training and 10,000 test images of digits        x: (N, 28, 28) uint8   t: (N,) 0 to 9

    LeCun, Cortes and Burges, The MNIST database of handwritten digits (CC BY-SA 3.0).

    path: the folder with the four files, each plain or with .gz. What is missing in data/mnist is
        downloaded into the cache folder.
    scale: map the pixels 0..255 to [0, 1].
    validation: how many training images to hold out for validation, or which share of them,
        drawn with the experiment's seed.
    augment: how to change images at random each time they are trained on; null for not at all.
    """

    path: str = "data/mnist"
    scale: bool = True
    validation: HeldOut = 0
    augment: Augmentation | None = None

    def load(self, rng: np.random.Generator) -> Data:
        x, t, x_test, t_test = FILES.arrays(self.path)
        splits = split_up(x, t, rng, validation=self.validation)
        splits["test"] = Split(x_test, t_test, np.arange(len(x_test)))
        digits = tuple(str(digit) for digit in range(10))
        inputs = Affine(scale=1.0 / 255.0) if self.scale else IDENTITY
        return Data(splits, digits, inputs=inputs, fingerprint=FILES.fingerprint, augment=self.augment)
