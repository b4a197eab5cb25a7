"""The options of a config as its file has them: nothing is built or checked, and no NumPy is loaded."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nnfs_cli.config.dialect import load
from nnfs_cli.config.find import read_text
from nnfs_cli.config.flat import flat_options
from nnfs_cli.core.errors import NnfsError

FAMILIES = ("dataset", "loss", "optimizer", "schedule", "regularizer")
"""Keys whose value may be a component's bare name."""


def written_options(config: Path) -> dict[str, Any]:
    """The single values in a config's file by dotted key, as `layers[0].units`; {} if it cannot be read."""
    try:
        text = read_text(config)
    except NnfsError:
        return {}
    return _options("".join(line for line in text.splitlines(keepends=True) if not line.startswith("#")))


@lru_cache(maxsize=100)  # to read YAML takes milliseconds, and runs may differ in no option
def _options(text: str) -> dict[str, Any]:
    try:
        raw = load(text)
    except (yaml.YAMLError, RecursionError):
        return {}
    if not isinstance(raw, Mapping):
        return {}
    named = {key: {"type": raw[key]} for key in FAMILIES if isinstance(raw.get(key), str)}
    return dict(flat_options({**raw, **named}))
