"""Plugins: a user's own Python files that register components, and the errors that these raise."""

import importlib.util
import inspect
import itertools
import os
import re
import sys
import threading
import traceback
from bdb import BdbQuit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from nnfs_cli.core.component import Component, Registry, is_plugin
from nnfs_cli.core.errors import NnfsError

_loaded: dict[bytes, list["Registered"]] = {}
"""What each file registered, by the file's content. A copy in a run directory counts as the same file."""

_files: set[str] = set()
"""The paths of all files that were run."""

_siblings: dict[Path, str] = {}
"""The files of the modules that plugins imported from their own folders, with the modules' names."""

_attempts = itertools.count()
"""Numbers for module names, so that a failed module does not share its name with a later one."""

_ONE_AT_A_TIME = threading.RLock()
"""Held while a plugin runs, so that no other thread runs the same one."""

Registered: TypeAlias = tuple[Registry[Any], str, type[Component]]
"""A registry, a name in it, and the class of this name."""

FRAME = re.compile(r'File "(.+)", line (\d+), in (\w+)')


class PluginError(NnfsError):
    """A plugin's own error, with its file and line."""


def load_plugin(path: Path) -> list[Registered]:
    """Run a Python file, once; return what it registers, which a config can then use.

    It can import modules from its own folder. Raises NnfsError if the file is missing or fails, with the
    line at fault.
    """
    path = path.resolve()
    if not path.is_file():
        raise NnfsError(f"{path}: no such file")
    content = path.read_bytes()
    with _ONE_AT_A_TIME:
        if content not in _loaded:
            _loaded[content] = _run(path)
        for registry, name, cls in _loaded[content]:
            registry.register(name)(cls)
        return _loaded[content]


def forget_plugins() -> None:
    """Take back what plugins registered, so that a config knows only its own plugins.

    Then a plugin that was changed, or a run's copy of it, can register the same names.
    """
    with _ONE_AT_A_TIME:
        for registered in _loaded.values():
            for registry, name, cls in registered:
                registry.remove(name, cls)


def _run(path: Path) -> list[Registered]:
    name = f"nnfs_plugin_{next(_attempts)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NnfsError(f"{path}: not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up annotations there
    _files.add(str(path))
    before = set(_all_registered())
    try:
        with plugin_errors(str(path)), _importing_beside(path):
            spec.loader.exec_module(module)
    except BaseException as error:
        for registry, own, cls in set(_all_registered()) - before:
            registry.remove(own, cls)
        del sys.modules[name]
        if isinstance(error, NnfsError) and not isinstance(error, PluginError):
            raise PluginError(f"{_place(error) or path}: {error}") from error
        raise
    return [each for each in _all_registered() if each not in before]


def _all_registered() -> list[Registered]:
    """What is registered by plugins, and by other code that is not part of nnfs."""
    registries = {cls.registry for cls in Component.__subclasses__() if hasattr(cls, "registry")}
    found = [(registry, name, cls) for registry in registries for name, cls in registry.known().items()]
    return [each for each in found if is_plugin(each[2])]


def folder_of_copies(plugin: str) -> str:
    """The folder beside a run's copy of a plugin that holds copies of the modules that it imports."""
    return f"{Path(plugin).stem}_files"


def modules_beside(plugin: Path) -> dict[str, Path]:
    """The modules that plugins in the folder of `plugin` import from there: their paths in it, and files."""
    found: dict[str, Path] = {}
    for folder in reversed(_own_folders(plugin.resolve())):  # of two folders with a file the narrower counts
        inside = [file for file in _siblings if file.is_relative_to(folder)]
        found = {name: file for name, file in found.items() if file not in inside}
        found |= {str(file.relative_to(folder)): file for file in inside}
    return found


def _own_folders(plugin: Path) -> tuple[Path, Path]:
    """Where a plugin's imports are looked for first, the narrower folder first."""
    return plugin.parent / folder_of_copies(plugin.name), plugin.parent


@contextmanager
def _importing_beside(plugin: Path) -> Iterator[None]:
    """Meanwhile, modules are imported from the plugin's folder first, as for a script that Python runs."""
    folders = _own_folders(plugin)
    for file, name in _siblings.items():
        if name in sys.modules and not any(file == _file_of(name, folder, file) for folder in folders):
            del sys.modules[name]  # this plugin's folder may have another module of that name
    before, writes_no_bytecode = set(sys.modules), sys.dont_write_bytecode
    sys.path[:0] = map(str, folders)
    sys.dont_write_bytecode = True  # a run's folder keeps the code that was trained with, and no other
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes_no_bytecode
        for folder in map(str, folders):
            if folder in sys.path:
                sys.path.remove(folder)
        for name in set(sys.modules) - before:
            file = Path(getattr(sys.modules[name], "__file__", None) or "")
            if not name.startswith("nnfs_cli.") and any(
                file == _file_of(name, folder, file) for folder in folders
            ):
                _siblings[file] = name
                _files.add(str(file))


def _file_of(module: str, folder: Path, like: Path) -> Path:
    """The file of a module that is imported from a folder; of a package, if `like` is one's __init__.py."""
    path = folder.joinpath(*module.split("."))
    return path / like.name if like.stem == "__init__" else path.with_suffix(".py")


@contextmanager
def plugin_errors(plugin: str | None = None) -> Iterator[None]:
    """Turn an error that a plugin's code raises into a PluginError: one message instead of a traceback.

    plugin: the file to name for an error without a line in a plugin.

    A plugin may raise anything, so this is the one place that catches everything; what no plugin raised
    goes on as it is. The environment variable NNFS_TRACEBACK=1 keeps tracebacks.
    """
    try:
        yield
    except (NnfsError, BdbQuit, MemoryError):  # these have messages of their own
        raise
    except (Exception, SystemExit) as error:
        place = _place(error) or plugin
        if place is None or os.environ.get("NNFS_TRACEBACK"):
            raise
        words = error.msg if isinstance(error, SyntaxError) else error
        text = f"{type(error).__name__}: {words}".removesuffix(": ")
        raise PluginError(f"{place}: {text}") from error


def _place(error: BaseException) -> str | None:
    """Where in a plugin an error arose: `my.py, line 12, forward of layer 'square'`; None if in none.

    An error that nnfs met in using a plugin's class, such as one with an option of an unknown type, arose in
    this class.
    """
    if isinstance(error, SyntaxError) and error.filename in _files:
        return f"{error.filename}, line {error.lineno}"
    place, whose = None, ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in _files:
            component = frame.f_locals.get("self")
            if isinstance(component, Component) and hasattr(component, "type_name"):
                name = f"{type(component).registry.kind} {component.type_name!r}"
                whose = f", {frame.f_code.co_name} of {name}"
            place = f"{frame.f_code.co_filename}, line {line}"
    if place is None:  # in a worker process, whose traceback came as text
        told = [found for found in FRAME.findall(str(error.__cause__ or "")) if found[0] in _files]
        return "{}, line {}, {}".format(*told[-1]) if told else _class_in_use(error)
    return place + whose


def _class_in_use(error: BaseException) -> str | None:
    """The plugin's class that nnfs was using: `my.py, line 4, layer 'square'`; None if it was none."""
    place = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for used in (frame.f_locals.get("self"), frame.f_locals.get("cls")):
            cls = used if isinstance(used, type) else type(used)
            file = getattr(sys.modules.get(cls.__module__), "__file__", None)
            if issubclass(cls, Component) and file in _files and hasattr(cls, "type_name"):
                line = inspect.getsourcelines(cls)[1]
                place = f"{file}, line {line}, {cls.registry.kind} {cls.type_name!r}"
    return place
