"""Plugins: a user's own Python files that register components."""

import importlib.util
import itertools
import sys
import threading
import traceback
from pathlib import Path

from nnfs_cli.core.errors import NnfsError

_loaded: set[bytes] = set()
"""Contents of the files that were run. A copy in a run directory counts as the same file."""

_attempts = itertools.count()
"""Numbers for module names, so that a failed module does not share its name with a later one."""

_ONE_AT_A_TIME = threading.RLock()
"""Held while a plugin runs, so that no other thread runs the same one."""


def load_plugin(path: Path) -> None:
    """Run a Python file, once. A config can then use the components that it registers.

    Raises NnfsError if the file is missing or fails, with the line at fault.
    """
    path = path.resolve()
    if not path.is_file():
        raise NnfsError(f"{path}: no such file")
    content = path.read_bytes()
    with _ONE_AT_A_TIME:
        if content not in _loaded:
            _run(path, content)


def _run(path: Path, content: bytes) -> None:
    name = f"nnfs_plugin_{next(_attempts)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NnfsError(f"{path}: not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up annotations there
    try:
        spec.loader.exec_module(module)
        _loaded.add(content)
    except (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError, NnfsError) as error:
        raise NnfsError(f"{path}{_line(error, path)}: {type(error).__name__}: {error}") from error
    finally:
        if content not in _loaded:
            del sys.modules[name]


def _line(error: BaseException, path: Path) -> str:
    """`, line 12` if the error arose in the file itself."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f", line {frames[-1].lineno}" if frames else ""
