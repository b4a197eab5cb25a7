"""`extends: other.yaml`: a config that is another one, its parent, but for the keys that it gives itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnfs_cli.config.find import find_config, read_text
from nnfs_cli.config.mapping import mapping_from
from nnfs_cli.config.reader import shown
from nnfs_cli.config.trust import is_run
from nnfs_cli.core.errors import ConfigError, Mistake, NnfsError

KEY = "extends"
DOC = (
    "another config, beside this file or found as commands find one, whose keys hold where this config gives "
    "none: mappings are merged key by key; a list, or a component of another type, replaces the other one. "
    "Its `name` stays its own, and it extends no config itself."
)


@dataclass(frozen=True)
class Extended:
    """A config's keys together with those of its parent.

    parent: the parent's file; None if there is none.
    inherited: the keys whose values are the parent's, as messages spell them (`training.epochs`).
    own: the keys that the config itself has, which may be misspelled, as `training.epochs` for an option.
    """

    raw: dict[str, Any]
    parent: Path | None = None
    inherited: Collection[str] = ()
    own: Collection[str] = ()

    def home(self, where: str, folder: Path) -> Path:
        """The folder in which to look for what a key names first: the parent's for a key that is from it."""
        return self.parent.parent if self.parent and is_within(where, self.inherited) else folder

    def told(self, mistake: Mistake) -> Mistake:
        """A mistake, with the parent's file if it is made there."""
        is_own = mistake.path in self.own
        if self.parent is None or is_own or not is_within(mistake.path, self.inherited):
            return mistake
        return Mistake(mistake.path, f"{mistake.text} (in {self.parent})")

    def run_with_plugins(self) -> Path | None:
        """The run directory, which may come from anyone, whose config gives the plugins; None for another."""
        is_from_parent = self.parent is not None and is_within("plugins", self.inherited)
        return self.parent.parent if self.parent and is_from_parent and is_run(self.parent) else None


def is_within(where: str, keys: Collection[str]) -> bool:
    """Whether a place in a config is one of these keys, or inside of it."""
    return any(f"{where}.".startswith((f"{key}.", f"{key}[")) for key in keys)


def extended(raw: dict[str, Any], source: str, folder: Path) -> Extended:
    """The keys of a config, in `folder`, with those of the parent that it may name.

    ConfigError if there is no such parent, if that is no config, or if it extends another one.
    """
    if KEY not in raw:
        return Extended(raw)
    own = {key: value for key, value in raw.items() if key != KEY}
    file = _find(raw[KEY], source, folder)
    parent = mapping_from(read_text(file), str(file))
    if KEY in parent:
        raise _mistake(source, f"{file} extends {shown(parent[KEY])} itself; only one level is possible")
    parent.pop("name", None)
    inherited: set[str] = set()
    return Extended(_merged(parent, own, "", inherited), file, inherited, own.keys() - parent.keys())


def _find(name: object, source: str, folder: Path) -> Path:
    """The parent's file: beside the config, or what commands find by this name."""
    if not isinstance(name, str) or not name:
        raise _mistake(source, f"must be the path of another config, found {shown(name)}")
    if is_run(Path(source)):
        raise _mistake(source, "the config of a run must be whole")
    try:
        beside = folder / name
        return find_config(beside if beside.is_file() else Path(name))
    except NnfsError as error:
        raise _mistake(source, str(error)) from None


def _mistake(source: str, text: str) -> ConfigError:
    return ConfigError(source, [Mistake(KEY, text)])


def _merged(
    parent: Mapping[str, Any], own: Mapping[str, Any], path: str, inherited: set[str]
) -> dict[str, Any]:
    """The keys of both; adds those whose values are the parent's to `inherited`."""
    merged = {**parent, **own}
    for key, value in parent.items():
        where = f"{path}.{key}" if path else str(key)
        base = {"type": value} if isinstance(value, str) else value  # a component's bare name
        if key not in own:
            inherited.add(where)
        elif _are_alike(base, own[key]):
            merged[key] = _merged(base, own[key], where, inherited)
    return merged


def _are_alike(parent: object, own: object) -> bool:
    """Whether two values are mappings, and of the same component if they are components."""
    if not isinstance(parent, Mapping) or not isinstance(own, Mapping):
        return False
    return "type" not in own or own["type"] == parent.get("type")
