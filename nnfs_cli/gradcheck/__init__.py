"""The gradient check: every analytic gradient against numeric derivatives of the loss, in float64.

`nnfs_cli.gradcheck(experiment)` calls this package: it checks an experiment's network.

differences: numeric derivatives, and where they do not exist (kinks).
compare, diagnose: the verdict on one tensor's gradient, and the likely mistake in a wrong one.
subject, subjects, select: something with gradients to check; all of them; a choice of them.
harness: what makes passes repeatable and forgotten gradients visible.
step_sizes: the error for each step size, for the picture.
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """This package, called as the function that users know by its name: `nnfs_cli.gradcheck(experiment)`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Check an experiment's gradients; see `nnfs_cli.api.gradients.gradcheck`."""
        from importlib import import_module  # only when called: `api` is above this package

        return import_module("nnfs_cli.api.gradients").gradcheck(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
