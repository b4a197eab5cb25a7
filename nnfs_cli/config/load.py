"""The config: YAML and overrides in, one frozen ExperimentConfig out, or every mistake at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from nnfs_cli.config.dialect import load
from nnfs_cli.config.experiment import ExperimentConfig, contradictions
from nnfs_cli.config.find import find_config, read_text
from nnfs_cli.config.names import name_from
from nnfs_cli.config.overrides import apply_overrides
from nnfs_cli.config.plugins import forget_plugins, load_plugin
from nnfs_cli.config.reader import Reader, shown
from nnfs_cli.config.trust import check_trust, is_run
from nnfs_cli.config.values import Overrides, plain_values
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError
from nnfs_cli.sources.paths import IsPath, PathNotFoundError, Places
from nnfs_cli.sources.shipped import shipped_folder


def load_config(
    path: Path, overrides: Overrides = (), *, needs_data: bool = True, trust_plugins: bool | None = None
) -> ExperimentConfig:
    """Read a config file, with `dotted.key=value` overrides. ConfigError lists every mistake.

    path: a file, or the name of a config that comes with nnfs.
    needs_data: whether it is a mistake that the files of the data are missing.
    trust_plugins: whether to run its plugins if `config/trust.py` does not know them; by default yes, unless
        the file is that of a run.
    """
    path = find_config(path)
    if trust_plugins is None:
        trust_plugins = not is_run(path)
    untrusted = None if trust_plugins else path.parent
    text = read_text(path)
    config = parse_config(text, str(path), overrides, path.parent, needs_data=needs_data, untrusted=untrusted)
    return config if config.name else replace(config, name=name_from(path.stem))


def parse_config(
    text: str,
    source: str,
    overrides: Overrides = (),
    folder: Path = Path(),
    *,
    needs_data: bool = True,
    untrusted: Path | None = None,
) -> ExperimentConfig:
    """Read a config from YAML text. `source` names it in messages; paths are looked for in `folder` first.

    untrusted: the run directory that it is from, if that may be someone else's.
    """
    raw = _load_yaml(text, source)
    if not isinstance(raw, dict):
        raise ConfigError(source, [Mistake("", f"must be a mapping of keys, found {shown(raw)}")])
    return config_from(raw, source, overrides, folder, needs_data=needs_data, untrusted=untrusted)


def config_from(
    mapping: Mapping[str, Any],
    source: str,
    overrides: Overrides = (),
    folder: Path = Path(),
    *,
    needs_data: bool = True,
    untrusted: Path | None = None,
) -> ExperimentConfig:
    """Read a config from a mapping, as YAML gives it."""
    raw = plain_values(mapping)
    overridden, mistakes = apply_overrides(raw, overrides)
    reader = Reader(_locator(folder, overridden, needs_data=needs_data), overridden)
    reader.mistakes += mistakes
    lost = _load_plugins(raw, reader, untrusted)
    config: ExperimentConfig | None = reader.dataclass(ExperimentConfig, raw, "", "a config")
    if config is not None:
        reader.mistakes.extend(contradictions(config))
    if config is None or reader.mistakes:
        # What a plugin that failed would have registered is no mistake of its own.
        raise ConfigError(source, [each for each in reader.mistakes if not (lost and each in reader.unknown)])
    return config


def _locator(
    folder: Path, overridden: Mapping[str, str], *, needs_data: bool
) -> Callable[[str, str, IsPath], str]:
    """A function that finds what the option at some place in the config names.

    A path in a config is looked for beside the config, then in the working directory; a path typed with
    `--set` the other way round. Last come the files that nnfs brings.
    """

    def locate(where: str, path: str, mark: IsPath) -> str:
        typed = any(f"{where}.".startswith((f"{key}.", f"{key}[")) for key in overridden)
        first = (Path(), folder) if typed else (folder, Path())
        try:
            return Places((*first, shipped_folder())).locate(path, mark.what)
        except PathNotFoundError:
            is_needed = mark.required and (needs_data or where.startswith("plugins"))
            return Places(first).locate(path, mark.what) if is_needed else path

    return locate


def _load_plugins(raw: dict[str, Any], reader: Reader, untrusted: Path | None) -> bool:
    """Load the files under `plugins`, so that the rest of the config can name what they register.

    Returns whether some could not be loaded. Raises UntrustedError if they may be someone else's.
    """
    forget_plugins()
    names = raw.get("plugins", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return True  # the reader notes this mistake
    if untrusted is not None:
        check_trust(untrusted, names)
    lost = False
    for i, name in enumerate(names):
        try:
            load_plugin(Path(reader.find(f"plugins[{i}]", name, IsPath())))
        except PathNotFoundError:
            lost = True  # the reader notes this mistake
        except NnfsError as error:
            lost = True
            reader.mistakes.append(Mistake(f"plugins[{i}]", str(error)))
    return lost


def _load_yaml(text: str, source: str) -> Any:
    try:
        return load(text)
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
        raise ConfigError(source, [Mistake("", f"not YAML: {str(error).splitlines()[0]}")]) from None
