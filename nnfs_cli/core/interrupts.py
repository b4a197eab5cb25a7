"""Ctrl-C and SIGTERM: held while something must not be left half done, or turned into a request to stop."""

import signal
import sys
import threading
from collections.abc import Callable
from signal import SIGINT, SIGTERM, raise_signal
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None
"""What hears a signal, as `signal` has it."""


class Uninterrupted:
    """While entered and `busy`, Ctrl-C waits; a second one does not.

    busy: whether something is going on that must not be left half done. It is so from the start; who
        works in stretches sets it, and calls `release` after each stretch in which a Ctrl-C `came`.
    """

    def __init__(self) -> None:
        self.busy = self.came = self.was_left = False
        self._before: Handler = None

    def __enter__(self) -> "Uninterrupted":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            self._before = signal.getsignal(SIGINT)
            if self._before is not None:  # a stop that is heard right now may change it once more
                self._before = signal.signal(SIGINT, self._hear)
        self.busy = True
        return self

    def __exit__(self, *_: object) -> None:
        self.busy, self.was_left = False, True
        if self._before is None or sys.is_finalizing():
            return
        if threading.current_thread() is not threading.main_thread():
            return  # it stays, and passes on what it hears
        there = signal.signal(SIGINT, _still_listening(self._before))
        if getattr(there, "__self__", None) is not self:  # another listener came since
            signal.signal(SIGINT, there)
        self.release()

    def release(self) -> None:
        """Let a Ctrl-C that came be heard now."""
        if self.came:
            self.came = False
            raise_signal(SIGINT)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.busy and not self.came:
            self.came = True
            return
        if self.came:  # the second; who listens may only take note of the first
            self.came = False
            self._pass_on(number, frame)
            raise_signal(SIGINT)
        else:
            self._pass_on(number, frame)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        """Let whoever listened before hear of it, and again if there is a next time."""
        if callable(self._before):
            self._before(number, frame)
        else:
            signal.signal(number, self._before)
            raise_signal(number)


def _still_listening(handler: Handler) -> Handler:
    """A handler, or whoever listened before it if it belongs to an Uninterrupted that was left."""
    owner = getattr(handler, "__self__", None)
    while isinstance(owner, Uninterrupted) and owner.was_left:
        handler = owner._before
        owner = getattr(handler, "__self__", None)
    return handler


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
