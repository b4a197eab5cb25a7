"""Overrides of a config's keys: `dotted.key=value`, as `--set` takes them."""

import re
from typing import Any

import yaml

from nnfs_cli.config.dialect import MOST_LEVELS, load_scalar
from nnfs_cli.config.reader import shown
from nnfs_cli.config.slips import quoted_override
from nnfs_cli.config.values import Overrides, plain_values
from nnfs_cli.core.errors import Mistake


def apply_overrides(raw: dict[str, Any], overrides: Overrides) -> tuple[dict[str, str], list[Mistake]]:
    """Set each `dotted.key=value` in the raw config.

    Returns each key that was set, as messages spell it (`layers[0].units`), with its value's text; and the
    mistakes.
    """
    spelled, mistakes = {}, []
    for override in overrides:
        key, equals, text = override.partition("=") if isinstance(override, str) else (override[0], "=", "")
        try:
            if not equals or not key:
                raise _OverrideError("must look like dotted.key=value")
            _set(raw, key, _value(key, text) if isinstance(override, str) else plain_values(override[1]))
        except _OverrideError as error:
            mistakes.append(Mistake(f"--set {override}" if isinstance(override, str) else key, str(error)))
        else:
            spelled[as_spelled(key)] = text
    return spelled, mistakes


def as_spelled(key: str) -> str:
    """A key as messages spell it: `layers[0].units` for `layers.0.units`."""
    return re.sub(r"\.(\d+)(?![^.\[])", r"[\1]", key)


class _OverrideError(Exception):
    """What is wrong with an override."""


def _value(key: str, text: str) -> Any:
    try:
        return load_scalar(text)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise _OverrideError(
            f"the value is not YAML: {problem}; if it is a text, quote it: {quoted_override(key, text)}"
        ) from None


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    node: Any = raw
    *path, last = re.sub(r"\[(\d+)\]", r".\1", key).split(".")
    if len(path) >= MOST_LEVELS:
        raise _OverrideError(f"more than {MOST_LEVELS} levels deep")
    for depth, part in enumerate([*path, last]):
        at = ".".join(path[:depth])
        if isinstance(node, list):
            if part not in map(str, range(len(node))):
                raise _OverrideError(f"{at} is a list of {len(node)}: no item {part!r} (counted from 0)")
        elif not isinstance(node, dict):
            raise _OverrideError(f"{at} is {shown(node)}: nothing can be set inside it")
        index = int(part) if isinstance(node, list) else part
        if depth == len(path):
            present = node.get(index) if isinstance(node, dict) else node[index]
            node[index] = value(present) if callable(value) else value
        else:
            node = _open(node, index)


def _open(parent: Any, index: Any) -> Any:
    """The value at `index`, made ready to take options: a bare component name becomes a mapping."""
    if isinstance(parent, dict):
        parent.setdefault(index, {})
    if isinstance(parent[index], str):
        parent[index] = {"type": parent[index]}
    return parent[index]
