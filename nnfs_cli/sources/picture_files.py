"""Picture files and folders: which files are pictures, their order, and notes on them."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnfs_cli.core.errors import listed

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm",
)  # fmt: skip


def is_picture(name: str) -> bool:
    """Whether a file's name is that of a picture, and not hidden."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def find_pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """The pictures in a folder and in those below it, sorted naturally, and the other files.

    Hidden files and folders, whose names start with a dot, are left out.
    """
    pictures: list[Path] = []
    others: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                (pictures if is_picture(name) else others).append(Path(place, name))
    return sorted(pictures, key=naturally), sorted(others, key=naturally)


def naturally(path: Path | str) -> list[tuple[tuple[str | int, ...], str]]:
    """A key to sort paths by: folder by folder, numbers by size, so that 2.png comes before 10.png."""
    return [
        (
            tuple(int(each) if i % 2 else each.casefold() for i, each in enumerate(re.split(r"(\d+)", part))),
            part,
        )
        for part in Path(path).parts
    ]


def left_out(others: Sequence[str]) -> tuple[str, ...]:
    """A note on files that are no pictures."""
    return (f"{listed(others, 3)}: not a picture, left out",) if others else ()


def notes_on(done: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """A sentence for each thing that was done, with the names of the pictures it was done to."""
    names: dict[str, list[str]] = {}
    for name, what in done:
        names.setdefault(what, []).append(name)
    return tuple(f"{listed(each, 3)}: {what}" for what, each in names.items())
