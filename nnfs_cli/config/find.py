"""Finds the config that a command names, a file or one that comes with nnfs, and reads its text."""

import codecs
import os
from pathlib import Path

from nnfs_cli.config.dialect import MOST_BYTES
from nnfs_cli.core.errors import NnfsError, nearest
from nnfs_cli.core.os_errors import unreadable
from nnfs_cli.core.spelling import typed
from nnfs_cli.sources.shipped import shipped_configs

YAML = (".yaml", ".yml")
DATA = (".csv", ".csv.gz", ".tsv", ".parquet", ".npz", ".npy", ".xlsx")


def find_config(path: Path) -> Path:
    """The file `path`; else, for a bare name, the file with .yaml, or the shipped config of that name.

    NnfsError with the nearest name if there is none.
    """
    if path.name.lower().endswith(DATA):
        target = () if path.suffix in (".npz", ".npy") else ("--target", "COLUMN")
        raise NnfsError(f"{path}: data, no config; `{typed('init', path, *target)}` writes a config for it")
    if path.suffix == ".py":
        raise NnfsError(f"{path}: Python, no config; list it under `plugins` in a config")
    candidates = [path]
    if path.suffix not in YAML and path.parts == (path.name,) and not path.is_file():
        beside = [path.with_name(path.name + suffix) for suffix in YAML]
        shipped = shipped_configs()
        candidates = [*beside, *(shipped[name] for name in path.parts if name in shipped), path]
    found = next((file for file in candidates if file.exists()), None)
    if found is None and path.is_symlink():
        raise NnfsError(f"{path}: a link to what is not there")
    if found is None:
        raise NnfsError(f"{path}: no such file{_hint(path)}")
    return found


def read_text(path: Path) -> str:
    """A file's text, in UTF-8, or in UTF-16 where it begins with a byte order mark.

    NnfsError if it is none, or larger than a config can be: so a device without an end is not read for ever.
    """
    try:
        with os.fdopen(_open(path), "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise NnfsError(f"{path}: is a folder; name the YAML file") from None
    except OSError as error:
        raise unreadable(path, error) from None
    if len(content) > MOST_BYTES:
        raise NnfsError(f"{path}: no config: larger than {MOST_BYTES / 1e6:.0f} MB")
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NnfsError(f"{path}: not UTF-8 text, see line {line}; save it as UTF-8") from None


def _open(path: Path) -> int:
    """A descriptor to read a file; a pipe without a writer is empty, and is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)
    return descriptor


def _hint(path: Path) -> str:
    """The nearest config in the folder of `path`, or among those that come with nnfs."""
    shipped = shipped_configs()
    if path.stem in shipped:
        return f"; a config of that name comes with nnfs: write {path.stem!r} alone"
    folders = [folder for folder in (path.parent, path.parent / "configs") if folder.is_dir()]
    files = {file.stem: str(file) for folder in folders for file in folder.glob("*.y*ml")}
    is_bare = path.suffix not in YAML and len(path.parts) == 1
    names = {name: name for name in shipped if is_bare} | files
    close = nearest(path.stem, names)
    if close:
        return f"; did you mean {names[close]!r}?"
    return f"; with nnfs come {', '.join(shipped)}" if is_bare else ""
