"""The mapping of keys that a config's text holds."""

from collections.abc import Mapping
from typing import Any, TypeVar

import yaml

from nnfs_cli.config.dialect import load
from nnfs_cli.config.reader import shown
from nnfs_cli.core.errors import ConfigError, Mistake

T = TypeVar("T")

FORMER = {"initial_weights": "warm_start"}
"""Keys of earlier versions, and what they are called now."""


def mapping_from(text: str, source: str) -> dict[str, Any]:
    """The mapping that a YAML text holds, with today's keys. ConfigError names the place if it has none."""
    raw = _load_yaml(text, source)
    if not isinstance(raw, dict):
        raise ConfigError(source, [Mistake("", f"must be a mapping of keys, found {shown(raw)}")])
    return renamed(raw)


def renamed(raw: Mapping[Any, T]) -> dict[Any, T]:
    """The same keys, but for those that earlier versions called otherwise."""
    return {FORMER[key] if key in FORMER and FORMER[key] not in raw else key: raw[key] for key in raw}


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
