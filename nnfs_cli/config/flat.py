"""Nested options as single values by dotted key."""

from collections.abc import Iterator, Mapping
from typing import Any


def flat_options(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of each single value in nested mappings and lists."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat_options(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from flat_options(inner, f"{path}[{i}]")
    else:
        yield path, value
