"""Well-known sets of four IDX files: found in a folder or in the cache, else fetched, and always verified."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.sources.cache import cache_folder
from nnfs_cli.sources.download import DownloadError, fetch
from nnfs_cli.sources.idx import parse_idx, read_whole, unpack


@dataclass(frozen=True)
class PublishedFiles:
    """A set as it was published.

    name: of its folder in data/ and in the cache.
    title: what people call it.
    mirrors: where its .gz files are, the first one first.
    sha256: the files, training images and labels, then test images and labels, each with its checksum:
        of the bytes of X.gz for a file X.gz; of the decompressed ones for a file X, which may be there
        as X or, however packed, as X.gz.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]

    @property
    def home(self) -> Path:
        """The folder where the files are looked for first, unless a user names another."""
        return Path("data", self.name)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("".join(self.sha256.values()).encode()).hexdigest()

    def arrays(self, path: str) -> list[Array]:
        """Training images (N, 28, 28) and labels (N,), then those for test, from the folder `path`.

        What is missing in `home` is taken from the cache, where it is downloaded to if it is not there;
        in another folder it is a mistake. NnfsError for what is missing, damaged or not the real thing.
        """
        folder = Path(path).expanduser()
        folders = [folder, cache_folder() / self.name] if folder == self.home else [folder]
        files = {name: _find(folders, name) for name in self.sha256}
        missing = [name for name, file in files.items() if file is None]
        if missing and folder != self.home:
            raise NnfsError(self._not_there(missing, folders))
        files |= {name: self._fetch(name, folders) for name in missing}
        return [self._read(file, name) for name, file in files.items() if file is not None]

    def _fetch(self, name: str, folders: list[Path]) -> Path:
        """One file, from the mirrors into the last folder."""
        file = folders[-1] / _packed(name)
        try:
            fetch(file.name, self.mirrors, file, lambda part: self._is_real(part, name))
        except (DownloadError, OSError) as error:  # the latter where the cache cannot be written
            missing = [other for other in self.sha256 if _find(folders, other) is None]
            told = f"{self._not_there(missing, folders)}; downloading failed:"
            failures = error.failures if isinstance(error, DownloadError) else [str(error)]
            raise NnfsError("\n  ".join([told, *failures])) from None
        return file

    def _not_there(self, missing: list[str], folders: list[Path]) -> str:
        files = " and no ".join(_packed(name) for name in missing)
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
        """One file's array, checked to be the real one; labels as indices."""
        content = read_whole(file)
        payload = unpack(content, file)
        array = parse_idx(payload, file)
        found = hashlib.sha256(content if name == _packed(name) else payload).hexdigest()
        if found != self.sha256[name]:
            raise NnfsError(
                f"{file}: not {self.title}'s {name}: its SHA-256 is {found}, expected {self.sha256[name]}"
            )
        return array if array.ndim > 1 else array.astype(np.intp)


def _packed(name: str) -> str:
    """The name with .gz, as mirrors have it."""
    return name if name.endswith(".gz") else f"{name}.gz"


def _find(folders: list[Path], name: str) -> Path | None:
    """The first of the folders' files that may be `name`."""
    candidates = [folder / each for folder in folders for each in dict.fromkeys((_packed(name), name))]
    return next((file for file in candidates if file.is_file()), None)
