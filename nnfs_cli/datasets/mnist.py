"""The MNIST database of handwritten digits, from its four IDX files."""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfs_cli.core.affine import IDENTITY, Affine
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.params import Array, Shape
from nnfs_cli.core.records import Data, Split
from nnfs_cli.datasets.base import DATASETS, Dataset, check_share, split_up

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of each file's payload: the .gz bytes themselves differ between distributions."""


@DATASETS.register("mnist")
@dataclass(frozen=True)
class MNIST(Dataset):
    """60,000 training and 10,000 test images of digits        x: (N, 28, 28) uint8   t: (N,) 0 to 9

    LeCun, Cortes and Burges, The MNIST database of handwritten digits (CC BY-SA 3.0).

    path: the folder with the four files, each plain or with .gz.
    scale: map the pixels 0..255 to [0, 1].
    validation: how many training images to hold out for validation, or which share of them,
        drawn with the experiment's seed.
    """

    path: str = "data/mnist"
    scale: bool = True
    validation: int | float = 0

    def __post_init__(self) -> None:
        check_options(self, validation=check_share(self.validation))

    def load(self, rng: np.random.Generator) -> Data:
        folder = Path(self.path)
        files = {name: _find(folder, name) for name in SHA256}
        missing = [f"{name}.gz" for name, file in files.items() if file is None]
        if missing:
            raise NnfsError(
                f"dataset.path: no {' and no '.join(missing)} in {folder.absolute()}; "
                f"put MNIST's files there, or set dataset.path to the folder where they are"
            )
        arrays = [_read(file, name) for name, file in files.items() if file is not None]
        x, t, x_test, t_test = arrays
        splits = split_up(x, t, rng, validation=self.validation)
        splits["test"] = Split(x_test, t_test, np.arange(len(x_test)))
        digits = tuple(str(digit) for digit in range(10))
        whole = hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()
        inputs = Affine(scale=1.0 / 255.0) if self.scale else IDENTITY
        return Data(splits, digits, inputs=inputs, fingerprint=whole)


def _find(folder: Path, name: str) -> Path | None:
    return next((file for file in (folder / f"{name}.gz", folder / name) if file.is_file()), None)


def _read(file: Path, name: str) -> Array:
    """The images (N, 28, 28) uint8 or labels (N,) of one of MNIST's files, checked to be the real ones."""
    try:
        payload = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise NnfsError(f"{file}: truncated or corrupted ({error}); copy or download it again") from None
    array = _parse_idx(payload, file)
    found = hashlib.sha256(payload).hexdigest()
    if found != SHA256[name]:
        raise NnfsError(
            f"{file}: not MNIST's {name}: the content's SHA-256 is {found}, expected {SHA256[name]}"
        )
    return array if array.ndim > 1 else array.astype(np.intp)


def _parse_idx(payload: bytes, file: Path) -> Array:
    """An array of bytes from the IDX format: 0, 0, type 8, rank, the dimensions (big-endian), the bytes."""
    rank = payload[3] if len(payload) >= 4 else 0
    start = 4 + 4 * rank
    if payload[:3] != b"\0\0\x08" or not rank or len(payload) < start:
        start_of_it = f"it starts with {payload[:4].hex(' ')}" if payload else "it is empty"
        raise NnfsError(f"{file}: not an IDX file of bytes: {start_of_it}")
    shape: Shape = tuple(int(size) for size in np.frombuffer(payload, ">i4", rank, 4))
    if len(payload) - start != math.prod(shape):
        raise NnfsError(
            f"{file}: truncated or corrupted: its header says {shape}, which is {math.prod(shape)} bytes, "
            f"but {len(payload) - start} follow"
        )
    return np.frombuffer(payload, np.uint8, offset=start).reshape(shape)
