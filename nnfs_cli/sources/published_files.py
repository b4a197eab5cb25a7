"""Published sets of four IDX files: found in a folder or the cache, else downloaded; always verified."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.cache import cache_folder
from nnfs_cli.sources.download import DownloadError, fetch
from nnfs_cli.sources.idx import read_verified

MNIST_SIZES = {
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
"""The files of MNIST, and of all sets that were published in its stead."""


@dataclass(frozen=True)
class PublishedFiles:
    """Four IDX files, as they were published.

    name: the name of their folder in data/ and in the cache.
    title: their name in messages.
    mirrors: addresses of folders with the .gz files, in the order in which they are asked.
    sha256: the names of the files of training images, training labels, test images and test labels, each
        with its checksum. It is that of the decompressed file, since .gz files differ between
        distributions. A file X may be stored as X or as X.gz.
    sizes: the bytes of the same files, decompressed.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]
    sizes: Mapping[str, int]

    @property
    def home(self) -> Path:
        """The folder of the files, unless a user names another."""
        return Path("data", self.name)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("".join(self.sha256.values()).encode()).hexdigest()

    def arrays(self, path: str) -> list[Array]:
        """Training images (N, 28, 28) and labels (N,), then those for test, from the folder `path`.

        Files that are missing in a folder `data/<name>` come from the cache, into which they are downloaded
        if necessary. NnfsError for files that are missing in another folder, damaged, or of another checksum.
        """
        folder = Path(path).expanduser()
        is_home = folder.parts[-2:] == self.home.parts
        folders = [folder, cache_folder() / self.name] if is_home else [folder]
        files = {name: _find(folders, name) for name in self.sha256}
        missing = [name for name, file in files.items() if file is None]
        if missing and not is_home:
            raise NnfsError(self._not_there(missing, folders))
        return [self._array(files[name], name, folders) for name in self.sha256]

    def _array(self, file: Path | None, name: str, folders: list[Path]) -> Array:
        """One file's array. What is missing, or damaged in the cache, is downloaded into the last folder."""
        if file is not None:
            try:
                return self._read(file, name)
            except NnfsError:
                if len(folders) == 1 or file.parent != folders[-1]:
                    raise
                file.unlink(missing_ok=True)
        return self._read(self._fetch(name, folders), name)

    def _fetch(self, name: str, folders: list[Path]) -> Path:
        """Download one file into the last folder."""
        file = folders[-1] / f"{name}.gz"
        most = self.sizes[name] * 101 // 100 + 1024  # gzip makes nothing much larger
        try:
            fetch(file.name, self.mirrors, file, lambda part: self._is_real(part, name), most)
        except (DownloadError, OSError) as error:  # OSError: the cache cannot be written
            missing = [other for other in self.sha256 if _find(folders, other) is None]
            message = f"{self._not_there(missing, folders)}; downloading failed:"
            failures = error.failures if isinstance(error, DownloadError) else [str(error)]
            raise NnfsError("\n  ".join([message, *failures])) from None
        return file

    def _not_there(self, missing: list[str], folders: list[Path]) -> str:
        files = " and no ".join(f"{name}.gz" for name in missing)
        places = " or ".join(str(folder.absolute()) for folder in folders)
        return (
            f"dataset.path: no {files} in {places}; put {self.title}'s files there, "
            f"or set dataset.path to the folder where they are"
        )

    def _is_real(self, file: Path, name: str) -> bool:
        try:
            self._read(file, name)
        except NnfsError:
            return False
        return True

    def _read(self, file: Path, name: str) -> Array:
        """One file's array, after a check of its checksum; labels as indices."""
        array, found = read_verified(file)
        if found != self.sha256[name]:
            raise NnfsError(
                f"{file}: not {self.title}'s {name}: its SHA-256 is {found}, expected {self.sha256[name]}"
            )
        return array if array.ndim > 1 else array.astype(np.intp)


def _find(folders: list[Path], name: str) -> Path | None:
    """The first file in the folders that may be `name`, compressed or not, with - or . before idx."""
    spellings = [each + suffix for each in (name, name.replace("-idx", ".idx")) for suffix in (".gz", "")]
    candidates = [folder / spelling for folder in folders for spelling in spellings]
    return next((file for file in candidates if file.is_file()), None)
