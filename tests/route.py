"""The functions, and their files, that a training step calls."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import nnfs_cli

PACKAGE = Path(nnfs_cli.__file__).parent


def route(call: Callable[[], object]) -> list[tuple[str, str]]:
    """(file, function) of each function of the package that a call runs, in the order of first calls."""
    entered: dict[tuple[str, str], None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            entered.setdefault((path.relative_to(PACKAGE).as_posix(), frame.f_code.co_qualname))

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return list(entered)
