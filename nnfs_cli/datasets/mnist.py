"""The MNIST database of handwritten digits, from its four IDX files."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.datasets.published import PublishedImages
from nnfs_cli.sources.paths import PathIfThere
from nnfs_cli.sources.published_files import MNIST_SIZES, PublishedFiles

FILES = PublishedFiles(
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
    sizes=MNIST_SIZES,
)


@DATASETS.register("mnist")
@dataclass(frozen=True)
class MNIST(PublishedImages):
    """60,000 training and 10,000 test images of digits        x: (N, 28, 28) uint8   t: (N,) 0 to 9

    LeCun, Cortes and Burges, The MNIST database of handwritten digits (CC BY-SA 3.0).

    path: the folder with the four files, each plain or with .gz. Files missing in data/mnist are
        downloaded into the cache folder.
    scale: map the pixels 0..255 to [0, 1].
    validation: training images to hold out for validation, drawn with the experiment's seed: a count, a
        share, or a fold such as {fold: 0, of: 5}.
    augment: random changes of the training images; null for none.
    """

    path: PathIfThere = "data/mnist"
    files: ClassVar[PublishedFiles] = FILES
    classes: ClassVar[tuple[str, ...]] = tuple("0123456789")
