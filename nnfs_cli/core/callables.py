"""Packages that users call as the function of the same name: `nnfs_cli.gradcheck(experiment)`."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    called: str

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function that the package stands for."""
        # Imported when called: the function is on a higher floor than the package.
        function = getattr(import_module(self.called), self.__name__.rpartition(".")[2])
        return function(*arguments, **options)


def make_callable(package: str, module: str) -> None:
    """Let `package`, when called, call the function of its name in `module`."""
    here: Any = sys.modules[package]
    here.__class__, here.called = _CallablePackage, module
