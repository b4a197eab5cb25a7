"""Errors on their way from a worker process to the process that leads."""

import pickle
import traceback
from typing import NoReturn

from nnfs_cli.core.errors import WorkerError


class WorkerTraceback(Exception):  # noqa: N818  it is shown as the cause of an error
    """The traceback of an error in a worker process, as text."""


def refuse_breakpoint(*_: object, **__: object) -> NoReturn:
    """Stands in for breakpoint() in a worker process."""
    raise RuntimeError(
        "breakpoint() in a worker process, which has no terminal; "
        "`nnfs train --plain` computes everything in one process, where a debugger works"
    )


def pickled(error: BaseException) -> bytes:
    """An error and its traceback, pickled. An error that cannot be pickled becomes a RuntimeError."""
    text = traceback.format_exc()
    try:
        message = pickle.dumps((error, text))
        pickle.loads(message)  # noqa: S301  some errors can be pickled, but not unpickled
    except BaseException:  # of a user's class, which may raise anything
        return pickle.dumps((RuntimeError(f"{type(error).__name__}: {error}"), text))
    return message


def raise_error(message: bytes | None, code: int | None) -> NoReturn:
    """Raise the error that a worker sent, pickled; or say with what exit code it ended, if that is known."""
    if message is not None:
        error, text = pickle.loads(message)  # noqa: S301  a fork of this process sent it
        raise error from WorkerTraceback(f"\n{text}")
    how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
    raise WorkerError(
        f"a worker process {how}, which happens when memory runs short; "
        f"`training.threads: 1` trains without workers"
    )
