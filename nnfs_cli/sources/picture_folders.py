"""Folders of pictures for training, with a folder for each class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.core.memory import require_memory
from nnfs_cli.core.spelling import is_text
from nnfs_cli.sources.picture_files import find_pictures, is_picture, left_out, naturally, notes_on
from nnfs_cli.sources.pictures import picture_size, read_picture

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
"""The folders that hold the pictures of a split, as they are usually called."""


@dataclass(frozen=True)
class ClassFolders:
    """The pictures of a folder that has a folder for each class.

    classes: the folders' names, sorted naturally.
    files, labels: each picture, and its class's place in `classes`.
    notes: sentences on what was left out.
    """

    folder: Path
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The pictures' paths, seen from the folder."""
        return [file.relative_to(self.folder).as_posix() for file in self.files]


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures as images of one size: x (N, H, W), or (N, 3, H, W) for colors, uint8.

    colored: the first picture that has colors, or none.
    """

    x: Array
    colored: str
    notes: tuple[str, ...]


def split_folders(path: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The splits' folders, which are those below `path` if it has one for training, or else `path` itself.

    Also sentences on that.
    """
    below = _subfolders(path)
    found = {
        split: folder
        for split, names in SPLITS.items()
        for folder in below
        if folder.name.lower() in names
        and not _loose(folder)
        and any(map(_has_pictures, _subfolders(folder)))
    }
    if "train" not in found:
        return {"train": path}, ()
    said = ", ".join(f"{folder.name} is for {split}" for split, folder in found.items())
    rest = listed([folder.name for folder in below if folder not in found.values()])
    return found, (f"{path}: {said}" + (f"; left out, since they are no splits: {rest}" if rest else ""),)


def class_folders(folder: Path, option: str) -> ClassFolders:
    """The pictures of each class. NnfsError if there are none."""
    subfolders = _subfolders(folder)
    pictures: dict[str, list[Path]] = {}
    others: list[Path] = []
    for each in subfolders:
        pictures[each.name], more = find_pictures(each)
        others += more
    classes = tuple(name for name, found in pictures.items() if found)
    loose = _loose(folder)
    for name in classes:
        if not is_text(name):
            raise NnfsError(f"{option}: {folder / name} must have a name in UTF-8, as its class; rename it")
    if not classes:
        where = f"its {len(loose)} pictures" if loose else "no pictures"
        raise NnfsError(
            f"{option}: {folder} must have a folder of pictures for each class, such as cats and dogs; "
            f"found {where}{f' in {listed([each.name for each in subfolders])}' if subfolders else ''}"
        )
    notes = left_out([str(other.relative_to(folder)) for other in others])
    empty = [name for name in pictures if name not in classes]
    notes += (f"{listed(empty)}: left out, since the folder has no pictures",) if empty else ()
    if loose:
        notes += (f"{listed(loose)}: left out, since it is in no class's folder",)
    files = tuple(file for name in classes for file in pictures[name])
    labels = tuple(k for k, name in enumerate(classes) for _ in pictures[name])
    return ClassFolders(folder, classes, files, labels, notes)


def common_size(folders: Sequence[ClassFolders]) -> tuple[int, int]:
    """The height and width that all pictures have; NnfsError if they have different ones."""
    sizes = {file: picture_size(file) for each in folders for file in each.files}
    different = sorted(set(sizes.values()))
    if len(different) > 1:
        low, high = (f"{height} x {width}" for height, width in (different[0], different[-1]))
        raise NnfsError(
            f"dataset.size: needed, since the pictures have {len(different)} sizes, such as {low} and "
            f"{high}; write [height, width], such as [64, 64]"
        )
    return different[0]


def read_images(folders: ClassFolders, size: tuple[int, int], color: bool, stop: bool) -> Images:
    """All pictures as images of `size`, in gray or with colors.

    stop: whether to stop at the first picture that has colors.
    NnfsError names those that cannot be read.
    """
    height, width = size
    shape = (len(folders.files), *((3,) if color else ()), height, width)
    require_memory(
        math.prod(shape),
        f"{len(folders.files):,} pictures of {height} x {width}",
        "write a smaller `dataset.size`",
    )
    x = np.empty(shape, np.uint8)
    colored, broken = "", []
    done: list[tuple[str, str]] = []
    for i, (file, name) in enumerate(zip(folders.files, folders.names, strict=True)):
        try:
            picture = read_picture(file, size, color)
        except NnfsError as error:
            broken.append(str(error))
            continue
        x[i] = picture.pixels
        done += [(name, what) for what in picture.done]
        colored = colored or (name if picture.colored else "")
        if colored and stop:
            break
    if broken:
        raise NnfsError(listed(broken, 3))
    return Images(x, colored, notes_on(done))


def _loose(folder: Path) -> list[str]:
    """The names of the pictures that lie directly in a folder."""
    return [file.name for file in folder.iterdir() if is_picture(file.name) and file.is_file()]


def _has_pictures(folder: Path) -> bool:
    return bool(find_pictures(folder)[0])


def _subfolders(folder: Path) -> list[Path]:
    found = (each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    return sorted(found, key=naturally)
