"""nnfs: train neural networks in pure NumPy, driven by YAML files."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnfs_cli.api import Experiment, Run, load_run

from nnfs_cli.version import __version__

__all__ = ["Experiment", "Run", "__version__", "load_run"]


def __getattr__(name: str) -> Any:
    """The Python interface, imported at first need: the command line starts without it."""
    if name in ("Experiment", "Run", "load_run"):
        return getattr(importlib.import_module("nnfs_cli.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
