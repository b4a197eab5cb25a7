"""Finds the config that a command names: a file, or one that comes with nnfs."""

from pathlib import Path

from nnfs_cli.core.errors import NnfsError, nearest
from nnfs_cli.sources.shipped import shipped_configs

YAML = (".yaml", ".yml")
DATA = (".csv", ".csv.gz", ".tsv", ".parquet", ".npz", ".npy", ".xlsx")


def find_config(path: Path) -> Path:
    """The file `path`; else, for a bare name, the file with .yaml, or the shipped config of that name.

    NnfsError with the nearest name if there is none.
    """
    if path.name.lower().endswith(DATA):
        target = "" if path.suffix in (".npz", ".npy") else " --target COLUMN"
        raise NnfsError(f"{path}: data, no config; `nnfs new --from {path}{target}` writes a config for it")
    if path.suffix == ".py":
        raise NnfsError(f"{path}: Python, no config; list it under `plugins` in a config")
    candidates = [path]
    if path.suffix not in YAML and len(path.parts) == 1 and not path.is_file():
        beside = [path.with_name(path.name + suffix) for suffix in YAML]
        shipped = shipped_configs()
        candidates = [*beside, *(shipped[name] for name in path.parts if name in shipped), path]
    found = next((file for file in candidates if file.exists()), None)
    if found is None:
        raise NnfsError(f"{path}: no such file{_hint(path)}")
    return found


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
