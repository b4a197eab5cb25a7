"""Finds the files that a dataset's path names."""

import glob
from collections.abc import Sequence
from pathlib import Path

from nnfs_cli.core.errors import NnfsError, did_you_mean


def find_files(paths: str | Sequence[str], option: str) -> list[Path]:
    """The files of a path, of several, or of a pattern with * or ?; NnfsError if there are none."""
    found: list[Path] = []
    for path in [paths] if isinstance(paths, str) else paths:
        expanded = str(Path(path).expanduser())
        matches = [expanded] if Path(expanded).exists() else sorted(glob.glob(expanded, recursive=True))  # noqa: PTH207  it may be absolute
        if not matches:
            raise NnfsError(_nothing_there(Path(expanded), option))
        found += map(Path, matches)
    folders = [path for path in found if not path.is_file()]
    if folders:
        raise NnfsError(f"{option}: {folders[0]} is a folder, not a file; write `{folders[0]}/*.csv` for all")
    return found


def find_file(path: str, option: str) -> Path:
    """The one file that a path names; NnfsError if it does not exist."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise NnfsError(_nothing_there(file, option))
    return file


def find_folder(path: str, option: str) -> Path:
    """The folder that a path names; NnfsError if it does not exist."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        if folder.is_file():
            raise NnfsError(f"{option}: {folder} is a file, not a folder")
        siblings = [each.name for each in folder.parent.glob("*") if each.is_dir()]
        raise NnfsError(f"{option}: no such folder: {folder.absolute()}{did_you_mean(folder.name, siblings)}")
    return folder


def _nothing_there(path: Path, option: str) -> str:
    folder = path.parent
    if glob.has_magic(str(path)):
        return f"{option}: no file matches {path} (seen from {Path.cwd()})"
    if not folder.is_dir():
        return f"{option}: no such file: {path.absolute()}: there is no folder {folder}"
    files = [file.name for file in folder.iterdir() if file.is_file()]
    return f"{option}: no such file: {path.absolute()}{did_you_mean(path.name, files)}"
