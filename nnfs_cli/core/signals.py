"""What must not be left half done when Ctrl-C comes."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uninterrupted() -> Iterator[None]:
    """While entered, Ctrl-C waits for the end; the second does not."""
    came, before = False, signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():  # which alone hears of it
        yield
        return

    def keep(_: int, __: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
