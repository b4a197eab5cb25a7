"""What must not be left half done when Ctrl-C comes."""

# The functions behind those of `signal`, which take ten times as long, to find names for handlers:
# a training holds Ctrl-C for a few steps at a time.
import _signal as fast  # type: ignore[import-not-found]
import signal
import threading
from collections.abc import Callable
from signal import SIGINT, SIGTERM, raise_signal
from types import FrameType
from typing import Any


class Uninterrupted:
    """While entered, Ctrl-C waits for the end; the second does not."""

    def __enter__(self) -> None:
        self._came = False
        self._before: Any = fast.getsignal(SIGINT)
        if threading.current_thread() is not threading.main_thread():  # which alone hears of it
            self._before = None
        if self._before is not None:
            # What is heard right now may have put another handler there since.
            self._before = fast.signal(SIGINT, self._hear)

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            return
        # In one go: between a look and a change, whoever listens may change it.
        there = fast.signal(SIGINT, self._before)
        if getattr(there, "__self__", None) is not self:  # a second came, or SIGTERM, and was heard
            fast.signal(SIGINT, there)
        if self._came:
            raise_signal(SIGINT)

    def _hear(self, _: int, __: FrameType | None) -> None:
        if self._came:
            self._came = False
            fast.signal(SIGINT, self._before)
            raise_signal(SIGINT)  # the first, of which whoever listens may only take note
            raise_signal(SIGINT)
        else:
            self._came = True


Handler = Callable[[int, FrameType | None], Any] | int | None
"""What hears a signal, as `signal` has it."""


class StopRequest:
    """While entered, the first SIGINT or SIGTERM only sets `requested`; the next acts as ever.

    Of several, the one entered last hears of it, in whatever order they are left.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, Handler] = {}
        self._beyond: dict[int, Handler] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            for number in (SIGINT, SIGTERM):
                self._previous[number] = self._beyond[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        while self._previous:  # one by one: another signal may come in between
            number, before = self._previous.popitem()
            there = signal.signal(number, before)
            listener = getattr(there, "__self__", None)
            if isinstance(listener, StopRequest) and listener is not self:  # it was entered later
                signal.signal(number, there)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self._beyond and not self._previous:  # put back by one that was entered later, and left later
            signal.signal(number, self._beyond[number])
            signal.raise_signal(number)
            return
        self.requested = True
        self.__exit__()
