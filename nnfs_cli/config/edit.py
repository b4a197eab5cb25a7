"""Changes to a config's text that keep all else as it was written."""

from collections.abc import Sequence
from typing import Any

import yaml


def set_option(text: str, keys: Sequence[str], value: str) -> str:
    """YAML text with `value` in place of that of the option which the nested `keys` name; it must exist."""
    node: Any = yaml.compose(text, yaml.SafeLoader)
    for key in keys:
        node = next(inner for name, inner in node.value if name.value == key)
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]
