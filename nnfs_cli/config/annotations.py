"""What the type of an option says: whether it takes a component, several of them, or a mapping of options."""

import dataclasses
from typing import Any, get_args, get_origin

from nnfs_cli.config.words import alternatives
from nnfs_cli.core.component import Component
from nnfs_cli.core.ranges import bare


def component_of_tuple(annotation: Any) -> type[Component] | None:
    """Layer for `tuple[Layer, ...]`, None for any other type."""
    item = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    return item if isinstance(item, type) and issubclass(item, Component) else None


def item_or_none(annotation: Any) -> type[Any] | None:
    """Regularizer for `Regularizer | None`, None for anything but an optional component or dataclass."""
    item, *rest = get_args(annotation) or (None,)
    if rest != [type(None)] or not isinstance(item, type):
        return None
    return item if issubclass(item, Component) or dataclasses.is_dataclass(item) else None


def options_among(annotation: Any) -> type[Any] | None:
    """Fold for `int | float | Fold`, None for a type that is no choice between a dataclass and others."""
    kinds = [bare(kind) for kind in alternatives(annotation)]
    found = [kind for kind in kinds if dataclasses.is_dataclass(kind) and isinstance(kind, type)]
    return found[0] if found and len(kinds) > 1 and item_or_none(annotation) is None else None
