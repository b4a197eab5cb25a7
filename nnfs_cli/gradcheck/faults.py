"""A plugin's own errors: which exceptions are its, and where in its file they arose."""

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnfs_cli.config.plugins import PluginError
from nnfs_cli.core.component import Component, is_plugin
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS


@contextmanager
def blamed(cls: type[Component]) -> Iterator[None]:
    """Turn an exception from a plugin's code, or from the use of a plugin, into a PluginError.

    Errors of nnfs itself are bugs and keep their traceback; a user's mistake is told as it is.
    """
    try:
        yield
    except NnfsError:
        raise
    except BaseException as error:
        text = _fault(error, cls) if isinstance(error, Exception | SystemExit) else ""
        if not text:
            raise
        raise PluginError(text) from error


def file_of(cls: type) -> str:
    """The path of a plugin's file; empty for a component of nnfs."""
    return str(getattr(sys.modules.get(cls.__module__), "__file__", "")) if is_plugin(cls) else ""


def place_of(cls: type) -> str:
    """`mine.py, line 12`, where a plugin's class begins; empty for a component of nnfs."""
    path = file_of(cls)
    try:
        return f"{Path(path).name}, line {inspect.getsourcelines(cls)[1]}" if path else ""
    except OSError:  # the file may be gone since it was run
        return Path(path).name


def _fault(error: BaseException, cls: type[Component]) -> str:
    """`forward raises ValueError: ... (mine.py, line 12)`; nothing if no plugin has to do with it."""
    registered = [each for family in (LAYERS, LOSSES, REGULARIZERS) for each in family.known().values()]
    files = {file_of(each) for each in (*registered, *cls.__mro__) if each is not object} - {""}
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename in files]
    what = f"{type(error).__name__}: {error}"
    if own:
        return f"{own[0].name} raises {what} ({Path(own[-1].filename).name}, line {own[-1].lineno})"
    return f"cannot be used: {what} (at `{frames[-1].line}`)" if is_plugin(cls) else ""
