"""Fashion-MNIST: Zalando's pictures of clothes, in the four files and the format of MNIST."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.datasets.published import PublishedImages
from nnfs_cli.sources.paths import PathIfThere
from nnfs_cli.sources.published_files import PublishedFiles

FILES = PublishedFiles(
    name="fashion_mnist",
    title="Fashion-MNIST",
    mirrors=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/",),
    sha256={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@DATASETS.register("fashion_mnist")
@dataclass(frozen=True)
class FashionMNIST(PublishedImages):
    """60,000 training and 10,000 test images of clothes       x: (N, 28, 28) uint8   t: (N,) 0 to 9

    Xiao, Rasul and Vollgraf, 2017, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms, arXiv:1708.07747 (MIT license).

    path: the folder with the four .gz files. MNIST's have the same names, so the two cannot share a
        folder. Files missing in data/fashion_mnist are downloaded into the cache folder.
    scale: map the pixels 0..255 to [0, 1].
    validation: training images to hold out for validation, as a count or as a share,
        drawn with the experiment's seed.
    augment: random changes of the training images; null for none.
    """

    path: PathIfThere = "data/fashion_mnist"
    files: ClassVar[PublishedFiles] = FILES
    classes: ClassVar[tuple[str, ...]] = CLASSES
