"""Values from Python in a config: as YAML would give them, and as overrides of its keys."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeAlias

import numpy as np

from nnfs_cli.core.errors import NnfsError

Overrides: TypeAlias = Sequence[str | tuple[str, Any]]
"""`dotted.key=value` with the value in YAML; or (dotted key, value), where a function of the present value
gives the new one."""


def as_overrides(given: Any) -> Overrides:
    """Overrides as Python's functions take them: a mapping, or a list of texts. NnfsError for others."""
    if isinstance(given, Mapping):
        return overrides_of(given)
    if isinstance(given, list | tuple) and all(isinstance(override, str) for override in given):
        return given
    raise NnfsError(
        f'overrides: must be a mapping such as {{"training.epochs": 5}}, or a list of texts such as '
        f'["training.epochs=5"], found {type(given).__name__}'
    )


def overrides_of(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Overrides from a mapping, nested or with dotted keys.

    A mapping with a `type` replaces the component; one without sets single options and leaves the others.
    """
    found: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        if isinstance(value, Mapping) and "type" not in value:
            found += overrides_of(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found


def plain_values(value: Any) -> Any:
    """A copy in the types that YAML has: lists for tuples and arrays, texts for paths, plain numbers."""
    if isinstance(value, Mapping):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return str(value) if isinstance(value, PurePath) else value
