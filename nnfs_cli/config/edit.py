"""Changes to a config's text that keep all else as it was written."""

from collections.abc import Sequence
from typing import Any

from nnfs_cli.config.dialect import tree
from nnfs_cli.core.errors import NnfsError


def set_option(text: str, keys: Sequence[str], value: str) -> str:
    """YAML text with `value` in place of that of the option which the nested `keys` name.

    NnfsError if the option is not written out, but comes from a merge key.
    """
    node: Any = tree(text)
    for key in keys:
        node = next((inner for name, inner in node.value if name.value == key), None)
        if node is None:
            raise NnfsError(
                f"config.yaml: {'.'.join(keys)} is not written out there; set it to {value} by hand"
            )
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]
