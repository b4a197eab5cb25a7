"""What must not be left half done when Ctrl-C comes."""

import threading

# The functions behind those of `signal`, which take ten times as long, to find names for handlers:
# a training holds Ctrl-C for a few steps at a time.
from _signal import getsignal, signal  # type: ignore[import-not-found]
from signal import SIGINT, raise_signal
from types import FrameType
from typing import Any


class Uninterrupted:
    """While entered, Ctrl-C waits for the end; the second does not."""

    def __enter__(self) -> None:
        self._came = False
        self._before: Any = getsignal(SIGINT)
        if threading.current_thread() is not threading.main_thread():  # which alone hears of it
            self._before = None
        if self._before is not None:
            # What is heard right now may have put another handler there since.
            self._before = signal(SIGINT, self._hear)

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        # In one go: between a look and a change, whoever listens may change it.
        there = signal(SIGINT, self._before)
        if getattr(there, "__self__", None) is not self:  # a second came, or SIGTERM, and was heard
            signal(SIGINT, there)
        if self._came:
            raise_signal(SIGINT)

    def _hear(self, _: int, __: FrameType | None) -> None:
        if self._came:
            self._came = False
            signal(SIGINT, self._before)
            raise_signal(SIGINT)  # the first, of which whoever listens may only take note
            raise_signal(SIGINT)
        else:
            self._came = True
