"""Which components to check: all, those of a user's file, or those of certain names."""

from collections.abc import Sequence
from pathlib import Path

from nnfs_cli.config.catalog import REGISTRIES
from nnfs_cli.config.plugins import forget_plugins, load_plugin
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS

Names = set[tuple[str, str]]
WITH_GRADIENTS = (LAYERS.kind, LOSSES.kind, REGULARIZERS.kind)


def everything() -> Names:
    """Every registered component, as (kind, name)."""
    return {(registry.kind, name) for registry in REGISTRIES for name in registry}


def choose(file: Path | None = None, only: Sequence[str] = ()) -> tuple[Names, Names]:
    """(what to check, what has no gradient) of all components, or of those that `file` registers.

    `only` keeps those with these names. Raises NnfsError if none is left, or a name is unknown.
    """
    names = everything()
    if file is not None:
        forget_plugins()
        names = {(registry.kind, name) for registry, name, _ in load_plugin(file)}
    checked = {each for each in names if each[0] in WITH_GRADIENTS}
    others = names - checked if file is not None else set()
    if not checked:
        what = f"only {in_words(others)}, " if others else ""
        raise NnfsError(
            f"{file}: registers {what}no layer, loss or regularizer, so there is no gradient to check"
        )
    known = {name for _, name in checked}
    for name in only:
        if name not in known:
            raise NnfsError(f"--only: no component {name!r} with a gradient{did_you_mean(name, known)}")
    return {(kind, name) for kind, name in checked if not only or name in only}, others


def in_words(names: Names) -> str:
    """`metric worst_error, optimizer heavy_ball`."""
    return ", ".join(f"{kind} {name}" for kind, name in sorted(names))
