"""Ctrl-C and other signals to stop: delayed while a step is under way, or turned into a request to stop."""

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from signal import SIG_IGN, SIGINT, raise_signal
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None
"""A signal handler, as `signal.signal` takes it."""

STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""Signals that ask a program to end. On Windows a closed window, or Ctrl-Break, is a SIGBREAK."""


RESENT = 0.01
"""Seconds after which a Ctrl-C is sent again that was lost."""


def is_ctrl_c(error: BaseException | None) -> bool:
    """Whether an error is Ctrl-C, or what the import of a compiled module makes of it: an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__
    return error is not None


def send_again(lost: "sys.UnraisableHookArgs") -> None:
    """As `sys.unraisablehook`: send a Ctrl-C again that came in a callback, which Python would only show."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        again = threading.Timer(RESENT, _press_ctrl_c)
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def _press_ctrl_c() -> None:
    if hasattr(signal, "pthread_kill"):  # it ends a wait as well
        signal.pthread_kill(threading.main_thread().ident or 0, SIGINT)
    else:
        _thread.interrupt_main()


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
            if self._previous is SIG_IGN:  # inherited, as under `nohup`: so it stays
                self._previous = None
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
        if (request := _request_under(self._previous)) is not None:
            request.hear(number, frame)  # at once: it only takes note, and its second signal does not wait
            return
        if self.busy and not self.pending:
            self.pending = True
            return
        if self.pending:  # the second Ctrl-C; the previous handler gets both, as it may only note one
            self.pending = False
            _call(self._previous, number, frame)
            raise_signal(SIGINT)
        else:
            _call(self._previous, number, frame)


def _call(handler: Handler, number: int, frame: FrameType | None) -> None:
    """Give a signal to a handler. One that Python cannot call is installed again."""
    if callable(handler):
        handler(number, frame)
    else:
        signal.signal(number, handler)
        raise_signal(number)


def _request_under(handler: Handler) -> "StopRequest | None":
    """The request to stop that gets the signals of this handler, if there is one."""
    owner = getattr(handler, "__self__", None)
    while isinstance(owner, Uninterrupted):
        owner = getattr(owner._previous, "__self__", None)
    return owner if isinstance(owner, StopRequest) else None


def _first_active(handler: Handler) -> Handler:
    """The handler itself, unless an Uninterrupted owns it that was exited: then the one before it."""
    owner = getattr(handler, "__self__", None)
    while isinstance(owner, Uninterrupted) and owner.was_exited:
        handler = owner._previous
        owner = getattr(handler, "__self__", None)
    return handler


class StopRequest:
    """In the `with` block, the first of STOPS only sets `requested`. A second SIGINT acts as usual.

    Only that one is a person in a hurry: a system that shuts down and a terminal that is closed send several
    signals at once. A signal that is ignored, as under `nohup`, stays ignored. Of several requests, the one
    entered last gets the signal, whatever order they are exited in.

    heard: called when the first signal comes, wherever the program is.
    is_urgent: whether the second SIGINT came.
    """

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        self.requested = self.is_urgent = self._was_pressed = self._was_exited = False
        self._heard = heard
        self._original: dict[int, Handler] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # only there may handlers be set
            for number in STOPS:
                handler = signal.getsignal(number)
                if handler not in (SIG_IGN, None):
                    self._original[number] = handler
                    signal.signal(number, self.hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._was_exited = True
        if threading.current_thread() is not threading.main_thread():
            return  # the handlers stay, and pass on what they get
        for number, original in self._original.items():
            installed = signal.signal(number, original)
            owner = getattr(installed, "__self__", None)
            if isinstance(owner, StopRequest) and owner is not self:  # it was entered later
                signal.signal(number, installed)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._was_exited:  # but a request that was exited later installed this again
            signal.signal(number, self._original[number])
            raise_signal(number)
        elif number == SIGINT and self._was_pressed:
            self.is_urgent = True
            _call(self._original[number], number, frame)
        else:
            self._was_pressed = self._was_pressed or number == SIGINT
            if not self.requested:
                self.requested = True
                self._heard()
