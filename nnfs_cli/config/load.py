"""The config: YAML and overrides in, one frozen ExperimentConfig out, or every mistake at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig, contradictions
from nnfs_cli.config.extending import Extended, extended, is_within
from nnfs_cli.config.find import find_config, read_text
from nnfs_cli.config.mapping import mapping_from, renamed
from nnfs_cli.config.names import name_from
from nnfs_cli.config.overrides import apply_overrides
from nnfs_cli.config.plugins import forget_plugins, load_plugin
from nnfs_cli.config.reader import Reader
from nnfs_cli.config.trust import check_trust, is_run
from nnfs_cli.config.values import Overrides, plain_values
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError
from nnfs_cli.sources.paths import IsPath, PathNotFoundError, Places
from nnfs_cli.sources.shipped import shipped_folder


def load_config(
    path: Path,
    overrides: Overrides = (),
    *,
    needs_data: bool = True,
    trust_plugins: bool | None = None,
    on_parent: Callable[[Path], object] = lambda _file: None,
) -> ExperimentConfig:
    """Read a config file, with `dotted.key=value` overrides. ConfigError lists every mistake.

    path: a file, or the name of a config that comes with nnfs.
    needs_data: whether it is a mistake that the files of the data are missing.
    trust_plugins: whether to run its plugins if `config/trust.py` does not know them; by default yes, unless
        the file is that of a run, or has them from the config of a run that it extends.
    on_parent: called with the file that it extends, if it does.
    """
    path = find_config(path)
    whole = extended(mapping_from(read_text(path), str(path)), str(path), path.parent)
    if whole.parent is not None:
        on_parent(whole.parent)
    untrusted = None if trust_plugins else path.parent
    if trust_plugins is None:
        untrusted = path.parent if is_run(path) else whole.run_with_plugins()
    config = _read(whole, str(path), overrides, path.parent, needs_data=needs_data, untrusted=untrusted)
    return config if config.name else replace(config, name=name_from(path.stem))


def parse_config(
    text: str, source: str, overrides: Overrides = (), folder: Path = Path(), *, needs_data: bool = True
) -> ExperimentConfig:
    """Read a config from YAML text. `source` names it in messages; paths are looked for in `folder` first."""
    return config_from(mapping_from(text, source), source, overrides, folder, needs_data=needs_data)


def config_from(
    mapping: Mapping[str, Any],
    source: str,
    overrides: Overrides = (),
    folder: Path = Path(),
    *,
    needs_data: bool = True,
) -> ExperimentConfig:
    """Read a config from a mapping, as YAML gives it."""
    whole = extended(renamed(plain_values(mapping)), source, folder)
    untrusted = whole.run_with_plugins()
    return _read(whole, source, overrides, folder, needs_data=needs_data, untrusted=untrusted)


def _read(
    whole: Extended,
    source: str,
    overrides: Overrides,
    folder: Path,
    *,
    needs_data: bool,
    untrusted: Path | None,
) -> ExperimentConfig:
    """Read a config. `untrusted` is the run directory that its plugins are from, if it may be anyone's."""
    raw = whole.raw
    overridden, mistakes = apply_overrides(raw, overrides)
    raw, overridden = renamed(raw), renamed(overridden)
    reader = Reader(_locator(folder, overridden, whole, needs_data=needs_data), overridden)
    reader.mistakes += mistakes
    lost = _load_plugins(raw, reader, untrusted)
    config: ExperimentConfig | None = reader.dataclass(ExperimentConfig, raw, "", "a config")
    if config is not None:
        reader.mistakes.extend(contradictions(config))
    if config is None or reader.mistakes:
        # What a plugin that failed would have registered is no mistake of its own.
        found = [each for each in reader.mistakes if not (lost and each in reader.unknown)]
        raise ConfigError(source, [whole.told(each) for each in found])
    return config


def _locator(
    folder: Path, overridden: Mapping[str, str], whole: Extended, *, needs_data: bool
) -> Callable[[str, str, IsPath], str]:
    """A function that finds what the option at some place in the config names.

    A path in a config is looked for beside the config, then in the working directory; a path typed with
    `--set` the other way round. Last come the files that nnfs brings.
    """

    def locate(where: str, path: str, mark: IsPath) -> str:
        typed, home = is_within(where, overridden), whole.home(where, folder)
        first = (Path(), home) if typed else (home, Path())
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
