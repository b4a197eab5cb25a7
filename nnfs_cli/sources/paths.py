"""Paths in a config: where they are looked for, and the files that they name."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.ranges import fits
from nnfs_cli.sources.opening import require_file

MOST_MATCHES = 30_000
"""Files that a pattern may match, and folders to look in for them."""
LONGEST_PART = 1000
"""Letters of a pattern between two slashes; longer ones may take minutes, and no name has as many."""

GIVEN = ""
"""The path in the config of a run whose rows were no file's, but given from Python."""


@dataclass(frozen=True)
class IsPath:
    """Marks an option as a path. Reading a config finds it, and makes it absolute.

    required: whether something must be there.
    what: what it names, in words.
    """

    required: bool = True
    what: str = "file"


FilePath: TypeAlias = Annotated[str, IsPath()]
"""The type of an option that names a file, a pattern of files, or a folder. An empty text names nothing."""
FolderPath: TypeAlias = Annotated[str, IsPath(what="folder")]
"""The type of an option that names a folder."""
PathIfThere: TypeAlias = Annotated[str, IsPath(required=False)]
"""The type of an option that names what may be missing: the dataset says what to do then."""


class PathNotFoundError(NnfsError):
    """Nothing is at a path."""


@dataclass(frozen=True)
class Places:
    """Folders in which a config's relative paths are looked for, in this order."""

    folders: tuple[Path, ...]

    def locate(self, path: str, what: str = "file") -> str:
        """The absolute path of what `path` names: a file, a folder, or a pattern that some file matches.

        PathNotFoundError with all places if there is nothing.
        """
        path = os.path.expanduser(path)
        for folder in self.folders:
            whole = os.path.abspath(folder / path)
            if os.path.exists(whole):
                return whole
            pattern = os.path.join(glob.escape(str(folder.absolute())), path)
            if glob.has_magic(path) and matching(pattern):
                return pattern
        raise PathNotFoundError(_nothing_there(path, self.folders, what))


def locate_all(annotation: Any, value: Any, locate: Callable[[str, IsPath], str]) -> Any:
    """An option's value with each path in it, by the option's type, replaced by what `locate` gives."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [mark for mark in inner[1:] if isinstance(mark, IsPath)]
        is_path = marks and isinstance(value, str) and value
        return locate(value, marks[0]) if is_path else locate_all(inner[0], value, locate)
    if origin in (Union, UnionType):
        kind = next((each for each in inner if fits(each, value)), Any)
        return locate_all(kind, value, locate)
    if origin is tuple and isinstance(value, tuple):
        items = inner[:1] * len(value) if Ellipsis in inner else inner
        return tuple(locate_all(kind, item, locate) for kind, item in zip(items, value, strict=True))
    return value


def has_paths(annotation: Any) -> bool:
    """Whether a type has a path in it."""
    return isinstance(annotation, IsPath) or any(map(has_paths, get_args(annotation)))


def matching(pattern: str) -> list[str]:
    """What matches a pattern, sorted. `**` stands for all folders below, but for hidden ones and links.

    It goes from part to part, so that links in circles and patterns without an end stay bounded; NnfsError
    beyond MOST_MATCHES.
    """
    found = [""]
    for part in Path(pattern).parts:
        further = (path for start in found for path in _further(start, part))
        found = list(dict.fromkeys(islice(further, MOST_MATCHES + 1)))
        if len(found) > MOST_MATCHES:
            raise NnfsError(f"{pattern}: more than {MOST_MATCHES:,} files or folders to look at")
    return sorted(found)


def _further(start: str, part: str) -> Iterator[str]:
    """The paths to which one part of a pattern leads."""
    if part != "**":
        yield from glob.iglob(os.path.join(glob.escape(start), part)) if len(part) <= LONGEST_PART else ()
        return
    for folder, folders, _ in os.walk(start or os.curdir):
        yield folder
        folders[:] = [name for name in folders if not name.startswith(".")]


def find_files(paths: str | Sequence[str], option: str) -> list[Path]:
    """The files of a path, of several, or of a pattern with * or ?; NnfsError if there are none."""
    found: list[Path] = []
    for path in [paths] if isinstance(paths, str) else paths:
        whole = _locate(path, option)
        matches = [whole] if Path(whole).exists() else matching(whole)
        found += map(_as_seen_from_here, matches)
    if not found:
        raise NnfsError(f"{option}: must name a file, found an empty list")
    for file in found:
        if file.is_dir():
            raise NnfsError(f"{option}: {file} is a folder, not a file; write `{file}/*.csv` for all")
        _require_file(file, option)
    return found


def find_file(path: str, option: str) -> Path:
    """The one file that a path names; NnfsError if it does not exist."""
    file = _as_seen_from_here(_locate(path, option))
    if glob.has_magic(path) and not file.exists():
        raise NnfsError(f"{option}: {file} is no single file")
    _require_file(file, option)
    return file


def find_folder(path: str, option: str) -> Path:
    """The folder that a path names; NnfsError if it does not exist."""
    folder = _as_seen_from_here(_locate(path, option, "folder"))
    if not folder.is_dir():
        raise NnfsError(f"{option}: {folder} is a file, not a folder")
    return folder


def existing(path: str) -> Path:
    """The file or folder that a path names, seen from the working directory; NnfsError if there is none."""
    file = Path(path).expanduser()
    if not path:
        raise NnfsError("the name of a file is empty")
    if not file.exists():
        raise NnfsError(_nothing_there(str(file), [Path()], "file"))
    return file


def _locate(path: str, option: str, what: str = "file") -> str:
    if path == GIVEN:
        raise NnfsError(
            f"{option}: names no file. If the rows were given from Python: a run keeps none of them, and "
            f"`load_run(run, x=..., y=...)` takes them again there, to evaluate or to resume"
        )
    try:
        return Places((Path(),)).locate(path, what)
    except PathNotFoundError as error:
        raise NnfsError(f"{option}: {error}") from None


def _require_file(file: Path, option: str) -> None:
    """NnfsError for pipes, devices and the like, which are never opened."""
    try:
        require_file(file)
    except NnfsError as error:
        raise NnfsError(f"{option}: {error}") from None


def _as_seen_from_here(path: str) -> Path:
    """A path as messages show it: from the working directory, if it is in there."""
    here = Path(path)
    return here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here


def _nothing_there(path: str, folders: Sequence[Path], what: str) -> str:
    wholes = list(dict.fromkeys((folder / path).absolute() for folder in folders))
    if glob.has_magic(path):
        return f"no file matches {' or '.join(map(str, wholes))}"
    parents = [whole.parent for whole in wholes if os.path.isdir(whole.parent)]  # False for a name too long
    tried = " or ".join(map(str, wholes))
    if not parents:
        return f"no such {what}: {tried}: there is no folder {Path(path).parent}"
    wanted = Path.is_dir if what == "folder" else Path.is_file
    there = [each.name for parent in parents for each in parent.iterdir() if wanted(each)]
    return f"no such {what}: {tried}{did_you_mean(Path(path).name, [n for n in there if n[:1] != '.'])}"
