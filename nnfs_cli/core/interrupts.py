"""Ctrl-C and SIGTERM: delayed while a step is under way, or turned into a request to stop."""

import signal
import sys
import threading
from collections.abc import Callable
from signal import SIGINT, SIGTERM, raise_signal
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None
"""A signal handler, as `signal.signal` takes it."""


class Uninterrupted:
    """In the `with` block, Ctrl-C waits while `busy` is set; a second Ctrl-C does not wait.

    busy: whether work is under way that must not stop half done. It is set at first. A caller that can stop
        at times clears it then, and calls `deliver` if a Ctrl-C is pending.
    pending: whether a Ctrl-C came and waits.
    """

    def __init__(self) -> None:
        self.busy = self.pending = self.was_exited = False
        self._previous: Handler = None

    def __enter__(self) -> "Uninterrupted":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            self._previous = signal.getsignal(SIGINT)
            if self._previous is not None:  # a signal handled just now may have changed the handler again
                self._previous = signal.signal(SIGINT, self._handle)
        self.busy = True
        return self

    def __exit__(self, *_: object) -> None:
        self.busy, self.was_exited = False, True
        if self._previous is None or sys.is_finalizing():
            return
        if threading.current_thread() is not threading.main_thread():
            return  # the handler stays, and passes on what it gets
        installed = signal.signal(SIGINT, _first_active(self._previous))
        if getattr(installed, "__self__", None) is not self:  # somebody installed another handler since
            signal.signal(SIGINT, installed)
        self.deliver()

    def deliver(self) -> None:
        """Raise the signal of a pending Ctrl-C now."""
        if self.pending:
            self.pending = False
            raise_signal(SIGINT)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.busy and not self.pending:
            self.pending = True
            return
        if self.pending:  # the second Ctrl-C; the previous handler gets both, as it may only note one
            self.pending = False
            self._call_previous(number, frame)
            raise_signal(SIGINT)
        else:
            self._call_previous(number, frame)

    def _call_previous(self, number: int, frame: FrameType | None) -> None:
        """Give the signal to the previous handler. A handler that Python cannot call is installed again."""
        if callable(self._previous):
            self._previous(number, frame)
        else:
            signal.signal(number, self._previous)
            raise_signal(number)


def _first_active(handler: Handler) -> Handler:
    """The handler itself, unless an Uninterrupted owns it that was exited: then the one before it."""
    owner = getattr(handler, "__self__", None)
    while isinstance(owner, Uninterrupted) and owner.was_exited:
        handler = owner._previous
        owner = getattr(handler, "__self__", None)
    return handler


class StopRequest:
    """In the `with` block, the first SIGINT or SIGTERM only sets `requested`; the next acts as usual.

    Of several requests, the one entered last gets the signal, whatever order they are exited in.

    heard: called when the first signal comes.
    """

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        self.requested = False
        self._heard = heard
        self._previous: dict[int, Handler] = {}
        self._original: dict[int, Handler] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            for number in (SIGINT, SIGTERM):
                self._previous[number] = self._original[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        while self._previous:  # one by one: another signal may come in between
            number, previous = self._previous.popitem()
            installed = signal.signal(number, previous)
            owner = getattr(installed, "__self__", None)
            if isinstance(owner, StopRequest) and owner is not self:  # it was entered later
                signal.signal(number, installed)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self._original and not self._previous:  # exited, but a request exited later installed this again
            signal.signal(number, self._original[number])
            signal.raise_signal(number)
            return
        self.requested = True
        self.__exit__()
        self._heard()
