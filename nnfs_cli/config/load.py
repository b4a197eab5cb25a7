"""The config: YAML and overrides in, one frozen ExperimentConfig out, or every mistake at once."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from nnfs_cli.config.experiment import ExperimentConfig, contradictions
from nnfs_cli.config.plugins import load_plugin
from nnfs_cli.config.reader import Reader, shown
from nnfs_cli.config.values import Overrides, plain_values
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError, nearest


def load_config(path: Path, overrides: Overrides = ()) -> ExperimentConfig:
    """Read a config file, with overrides. ConfigError lists every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NnfsError(f"{path}: no such file{_configs_nearby(path)}") from None
    except IsADirectoryError:
        raise NnfsError(f"{path}: is a folder; name the YAML file") from None
    except UnicodeDecodeError:
        raise NnfsError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise NnfsError(f"{path}: cannot be read: {error.strerror}") from None
    config = parse_config(text, str(path), overrides, path.parent)
    return config if config.name else replace(config, name=_name_from(path))


def parse_config(
    text: str, source: str, overrides: Overrides = (), folder: Path = Path()
) -> ExperimentConfig:
    """Read a config from YAML text. `source` names it in messages; plugins are looked for in `folder`."""
    raw = _load_yaml(text, source)
    if not isinstance(raw, dict):
        raise ConfigError(source, [Mistake("", f"must be a mapping of keys, found {shown(raw)}")])
    return config_from(raw, source, overrides, folder)


def config_from(
    mapping: Mapping[str, Any], source: str, overrides: Overrides = (), folder: Path = Path()
) -> ExperimentConfig:
    """Read a config from a mapping, as YAML gives it, or with tuples, paths and NumPy's numbers."""
    raw = plain_values(mapping)
    reader = Reader()
    for override in overrides:
        problem = (
            _apply_override(raw, override)
            if isinstance(override, str)
            else _set(raw, override[0], plain_values(override[1]), override[0])
        )
        if problem:
            reader.mistakes.append(problem)
    _load_plugins(raw, folder, reader)
    config: ExperimentConfig | None = reader.dataclass(ExperimentConfig, raw, "", "a config")
    if config is not None:
        reader.mistakes.extend(contradictions(config))
    if config is None or reader.mistakes:
        raise ConfigError(source, reader.mistakes)
    return config


def _load_plugins(raw: dict[str, Any], folder: Path, reader: Reader) -> None:
    """Load the files under `plugins`, so that the rest of the config can name what they register.

    The config keeps their absolute paths; a run directory keeps copies of the files themselves.
    """
    names = raw.get("plugins")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return  # the reader notes this mistake
    for i, name in enumerate(names):
        try:
            load_plugin(folder / name)
        except NnfsError as error:
            reader.mistakes.append(Mistake(f"plugins[{i}]", str(error)))
    raw["plugins"] = [str((folder / name).resolve()) for name in names]


def _apply_override(raw: dict[str, Any], override: str) -> Mistake | None:
    """Set one `dotted.key=value` in the raw config; return the mistake, if there is one."""
    key, equals, text = override.partition("=")
    where = f"--set {override}"
    if not equals or not key:
        return Mistake(where, "must look like dotted.key=value")
    try:
        value = _parse(text)
    except yaml.YAMLError as error:
        return Mistake(where, f"the value is not YAML: {getattr(error, 'problem', None) or error}")
    return _set(raw, key, value, where)


def _set(raw: dict[str, Any], key: str, value: Any, where: str) -> Mistake | None:
    """Set the value at a dotted key; return the mistake, `where` in its message, if there is one."""
    node: Any = raw
    *path, last = re.sub(r"\[(\d+)\]", r".\1", key).split(".")
    for depth, part in enumerate([*path, last]):
        at = ".".join(path[:depth])
        if isinstance(node, list):
            if not (part.isascii() and part.isdecimal()) or int(part) >= len(node):
                return Mistake(where, f"{at} is a list of {len(node)}: no item {part!r} (counted from 0)")
        elif not isinstance(node, dict):
            return Mistake(where, f"{at} is {shown(node)}: nothing can be set inside it")
        index = int(part) if isinstance(node, list) else part
        if depth == len(path):
            present = node.get(index) if isinstance(node, dict) else node[index]
            node[index] = value(present) if callable(value) else value
        else:
            node = _open(node, index)
    return None


def _open(parent: Any, index: Any) -> Any:
    """The value at `index`, made ready to take options: a bare component name becomes a mapping."""
    if isinstance(parent, dict):
        parent.setdefault(index, {})
    if isinstance(parent[index], str):
        parent[index] = {"type": parent[index]}
    return parent[index]


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number and refuses a key given twice."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(None, None, "a key must be a plain word", key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(None, None, f"key {key!r} is given twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _parse(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506  _Loader is a SafeLoader
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None


def _load_yaml(text: str, source: str) -> Any:
    try:
        return _parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = error.problem or str(error)
        line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
        if "\\t" in problem or line[: len(line) - len(line.lstrip())].count("\t"):
            problem = "a tab; YAML wants spaces"
        text = problem if "given twice" in problem else f"not YAML: {problem}"
        raise ConfigError(source, [Mistake(where, text)]) from None
    except yaml.YAMLError as error:
        raise ConfigError(source, [Mistake("", f"not YAML: {_first_line(error)}")]) from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _name_from(path: Path) -> str:
    return re.sub(r"[^\w.-]+", "-", path.stem)


def _configs_nearby(path: Path) -> str:
    """`; did you mean ...?` with the nearest config in the folder of `path`, or nothing."""
    folders = [folder for folder in (path.parent, path.parent / "configs") if folder.is_dir()]
    files = {file.stem: str(file) for folder in folders for file in folder.glob("*.y*ml")}
    close = nearest(path.stem, files)
    return f"; did you mean {files[close]!r}?" if close else ""
