"""Fashion-MNIST: Zalando's pictures of clothes, in the four files and the format of MNIST."""

from dataclasses import dataclass
from typing import ClassVar

from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.datasets.published import PublishedImages
from nnfs_cli.sources.paths import PathIfThere
from nnfs_cli.sources.published_files import MNIST_SIZES, PublishedFiles

FILES = PublishedFiles(
    name="fashion_mnist",
    title="Fashion-MNIST",
    mirrors=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/",),
    sha256={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    sizes=MNIST_SIZES,
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

    path: the folder with the four files, each plain or with .gz. MNIST's have the same names, so the two
        cannot share a folder. Files missing in data/fashion_mnist are downloaded into the cache folder.
    scale: map the pixels 0..255 to [0, 1].
    validation: training images to hold out for validation, drawn with the experiment's seed: a count, a
        share, or a fold such as {fold: 0, of: 5}.
    augment: random changes of the training images; null for none.
    """

    path: PathIfThere = "data/fashion_mnist"
    files: ClassVar[PublishedFiles] = FILES
    classes: ClassVar[tuple[str, ...]] = CLASSES
