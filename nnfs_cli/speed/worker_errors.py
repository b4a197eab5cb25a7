"""Errors on their way from a worker process to the process that leads."""

import pickle
import traceback
from typing import NoReturn


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
