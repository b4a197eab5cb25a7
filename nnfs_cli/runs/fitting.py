"""Files of a run that do not fit together: each may be whole, and of another run, or written by anyone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from nnfs_cli.core.errors import DamageError, listed

MISFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of arrays and numbers that are not as a training leaves them."""


class Recorded(Protocol):
    """A run, or a study."""

    path: Path


@contextmanager
def fitting(*runs: Recorded) -> Iterator[None]:
    """In the `with` block, what comes of files that do not fit together is one DamageError."""
    try:
        yield
    except MISFIT as error:
        names = listed([str(run.path) for run in runs])
        raise DamageError(
            f"{names}: files do not fit together: {type(error).__name__}: {error}; "
            f"if nobody changed them, this is a fault of nnfs: please report it"
        ) from error
