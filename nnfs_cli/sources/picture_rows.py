"""Pictures to predict for, as rows on the scale of a network's training images."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.preprocessing.pixels import Pixels
from nnfs_cli.sources.paths import existing
from nnfs_cli.sources.picture_files import SUFFIXES, find_pictures, is_picture, left_out, notes_on
from nnfs_cli.sources.pictures import read_picture


@dataclass(frozen=True)
class Source:
    """A picture's file, the name that stands for it in predictions, and whether the user named it."""

    file: Path
    name: str
    named: bool


def is_for_pictures(path: str) -> bool:
    """Whether a path names a picture, or a folder."""
    return is_picture(Path(path).name) or (path != "-" and Path(path).expanduser().is_dir())


def picture_rows(
    paths: Sequence[str], shape: Shape, pixels: Pixels | None, numbers: int, *, invert: bool
) -> Iterator[tuple[Array, tuple[str, ...], tuple[str, ...]]]:
    """The rows (n, *shape), names and notes of pictures, and of all those in folders, sorted naturally.

    numbers: how many numbers make a chunk.
    invert: whether to invert pictures whose background is unlike that of the training images.

    NnfsError for a file that cannot be read. In folders such files are left out, and that is said.
    """
    if pixels is None or (len(shape) == 3 and shape[0] not in (1, 3)):
        what = "a folder" if Path(paths[0]).expanduser().is_dir() else "a picture"
        raise NnfsError(
            f"{paths[0]}: {what}, but the network takes rows of shape {shape}, which is no image; "
            f"name files with such rows"
        )
    sources, notes = _sources(paths)
    for here in slices(len(sources), max(numbers // math.prod(shape), 1)):
        images, names, done = _read(sources[here], shape)
        if not names:
            raise NnfsError(f"{paths[0]}: none of its pictures can be read: {'; '.join(notes_on(done))}")
        x = pixels.from_bytes(images)
        inverted = pixels.inverted(x) & invert
        x[inverted] = pixels.low + pixels.high - x[inverted]
        kind = "light" if (pixels.background or 0) > 0.5 else "dark"
        why = f"inverted, since the training images' background is {kind}; --no-invert leaves it"
        done += [(names[i], why) for i in np.flatnonzero(inverted)]
        yield x, tuple(names), notes + notes_on(done)
        notes = ()


def _sources(paths: Sequence[str]) -> tuple[list[Source], tuple[str, ...]]:
    """The pictures of some paths, and a note on what else is in their folders."""
    sources: list[Source] = []
    notes: list[str] = []
    for file in map(existing, paths):
        if not file.is_dir():
            sources.append(Source(file, file.name, named=True))
            continue
        pictures, others = find_pictures(file)
        if not pictures:
            raise NnfsError(f"{file}: a folder without pictures ({', '.join(SUFFIXES)}); name its files")
        notes += left_out([str(other) for other in others])
        sources += [Source(each, each.relative_to(file).as_posix(), named=False) for each in pictures]
    return sources, tuple(notes)


def _read(sources: Sequence[Source], shape: Shape) -> tuple[Array, list[str], list[tuple[str, str]]]:
    """Images (n, *shape) of 0..255, their names, and what was done to which."""
    images, names = [], []
    done: list[tuple[str, str]] = []
    for source in sources:
        try:
            picture = read_picture(source.file, (shape[-2], shape[-1]), color=shape[:-2] == (3,))
        except NnfsError as error:
            if source.named:
                raise
            done.append((source.name, f"left out: {str(error).removeprefix(f'{source.file}: ')}"))
            continue
        images.append(picture.pixels.reshape(shape))
        names.append(source.name)
        done += [(source.name, what) for what in picture.done]
    return np.array(images, np.uint8).reshape(-1, *shape), names, done
