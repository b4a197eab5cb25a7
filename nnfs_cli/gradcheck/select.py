"""Which components to check: all, those of a user's file, or those of certain names."""

from collections.abc import Sequence
from pathlib import Path

from nnfs_cli.config.plugins import forget_plugins, load_plugin
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS

Names = set[tuple[str, str]]


def with_gradients() -> Names:
    """Every registered component that has gradients to check, as (kind, name)."""
    return {(registry.kind, name) for registry in (LAYERS, LOSSES, REGULARIZERS) for name in registry}


def choose(file: Path | None = None, only: Sequence[str] = ()) -> Names:
    """All components with gradients, or those that `file` registers; `only` keeps those with these names.

    Raises NnfsError if none is left, or a name is unknown.
    """
    names = with_gradients()
    if file is not None:
        forget_plugins()
        names = {(registry.kind, name) for registry, name, _ in load_plugin(file)} & with_gradients()
        if not names:
            raise NnfsError(f"{file}: registers no layer, loss or regularizer, so there is nothing to check")
    known = {name for _, name in names}
    for name in only:
        if name not in known:
            raise NnfsError(f"--only: no component {name!r} with a gradient{did_you_mean(name, known)}")
    return {(kind, name) for kind, name in names if not only or name in only}
