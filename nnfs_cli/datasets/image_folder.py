"""Folders of pictures, with a folder for each class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.ranges import Expected, PositiveInt
from nnfs_cli.datasets.base import DATASETS, Dataset, fingerprint
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.pixels import Pixels
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, Validation, split_up
from nnfs_cli.sources.paths import FolderPath, find_folder
from nnfs_cli.sources.picture_folders import (
    ClassFolders,
    Images,
    class_folders,
    common_size,
    read_images,
    split_folders,
)


@DATASETS.register("image_folder")
@dataclass(frozen=True)
class ImageFolder(Dataset):
    """Pictures in a folder for each class      x: (N, H, W), or (N, 3, H, W) with colors, uint8   t: (N,)

    The classes are the folders' names, sorted naturally. A picture is shrunk or enlarged to fit, without
    changing its proportions, and its background color fills what is left; `nnfs predict` does the same.

    path: the folder that has the classes' folders; or that has folders named train, test and validation
        which have them.
    size: the images' height and width, such as [64, 64]; by default that of the pictures, if they have
        the same.
    mode: gray or rgb; auto takes colors if a picture has some.
    test: a folder with the test pictures; or pictures to hold out for test, as a count or as a share.
    validation: pictures to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5};
        of classes the same share of each.
    scale: map the pixels 0..255 to [0, 1].
    augment: random changes of the training images; null for none.
    """

    path: FolderPath
    size: Annotated[
        tuple[PositiveInt, PositiveInt] | None, Expected("height and width, such as [64, 64]")
    ] = None
    mode: Literal["auto", "gray", "rgb"] = "auto"
    test: Annotated[
        FolderPath | HeldOut, Expected("a folder, a count of pictures, or a share of them below 1.0")
    ] = 0
    validation: Validation = 0
    scale: bool = True
    augment: Augmentation | None = None
    example: ClassVar[Mapping[str, Any]] = {"path": "pictures"}

    def load(self, rng: np.random.Generator) -> Data:
        folders, notes = self._folders()
        images, more = self._read(folders)
        classes = folders["train"].classes
        ts = {name: self._labels(folder, classes) for name, folder in folders.items()}
        held_out = 0 if isinstance(self.test, str) else self.test
        splits = split_up(
            images["train"],
            ts["train"],
            rng,
            validation=self.validation,
            test=held_out,
            stratify=True,
        )
        for name in ("validation", "test"):
            if name in images:
                splits[name] = Split(images[name], ts[name], np.arange(len(ts[name])))
        pixels = Pixels(0.0, 255.0)
        gray = images["train"].ndim == 3
        names = np.frombuffer("/".join(classes).encode(), np.uint8)
        return Data(
            splits,
            classes,
            inputs=Affine(scale=1.0 / 255.0) if self.scale else IDENTITY,
            fingerprint=fingerprint(*images.values(), *ts.values(), names),
            notes=notes + more,
            # Colors are never inverted. Where each image agrees on the background, none of them would be.
            pixels=pixels.with_background(*images.values()) if gray else pixels,
            augment=self.augment,
        )

    def _folders(self) -> tuple[dict[str, ClassFolders], tuple[str, ...]]:
        """The pictures of each split that has a folder of its own, and notes."""
        paths, notes = split_folders(find_folder(self.path, "dataset.path"))
        options = dict.fromkeys(paths, "dataset.path")
        for option in ("validation", "test"):
            if option in paths and getattr(self, option):
                raise NnfsError(f"dataset.{option}: {paths[option]} has the pictures for it; leave it out")
        if isinstance(self.test, str) and self.test:
            paths["test"], options["test"] = find_folder(self.test, "dataset.test"), "dataset.test"
        folders = {name: class_folders(path, options[name]) for name, path in paths.items()}
        classes = folders["train"].classes
        if len(classes) < 2:
            raise NnfsError(
                f"dataset.path: {folders['train'].folder} has only one class, {classes[0]!r}: there is "
                f"nothing to tell apart"
            )
        return folders, notes + tuple(note for folder in folders.values() for note in folder.notes)

    def _read(self, folders: Mapping[str, ClassFolders]) -> tuple[dict[str, Array], tuple[str, ...]]:
        """The images of each split, and notes. `mode: auto` reads them in gray until one has colors."""
        height, width = self.size or common_size(list(folders.values()))
        auto, color = self.mode == "auto", self.mode == "rgb"
        notes: tuple[str, ...] = ()
        train = read_images(folders["train"], (height, width), color, stop=auto)
        if auto and train.colored:
            color, notes = True, (f"mode: rgb, since {train.colored} has colors",)
            train = read_images(folders["train"], (height, width), color, stop=False)
        elif auto:
            notes = ("mode: gray, since no picture has colors",)
        images: dict[str, Images] = {"train": train}
        for name, folder in folders.items():
            if name != "train":
                images[name] = read_images(folder, (height, width), color, stop=False)
        notes += tuple(note for each in images.values() for note in each.notes)
        return {name: each.x for name, each in images.items()}, notes

    def _labels(self, folders: ClassFolders, classes: tuple[str, ...]) -> Array:
        """The class number (N,) of each picture."""
        for name in folders.classes:
            if name not in classes:
                raise NnfsError(
                    f"{folders.folder / name}: no class of the training pictures{did_you_mean(name, classes)}"
                )
        numbers = np.array([classes.index(name) for name in folders.classes], np.intp)
        return numbers[list(folders.labels)]
