"""Tells whether it gains time to share work, which depends on what else the machine does."""

from time import perf_counter

WINDOW_SECONDS = 0.05
"""Work whose times are added up before they are compared. A shorter time may be a moment's disturbance."""

WORTH = 0.9
"""Shared work must take at most this part of the time that one worker alone would take."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 8.0
"""How long one worker computes alone before sharing is tried again: at first, and at most.

Each trial that fails doubles it. A trial takes a window, perhaps at twice the time: less than 1 % at last.
"""


class Gauge:
    """Compares the time of shared work with the time that one worker alone would take.

    Where other programs keep the cores busy, whoever has a part done waits for a worker whose core was taken
    away. Then one worker computes alone for a while.
    """

    def __init__(self) -> None:
        self._alone_until, self._pause = 0.0, FIRST_PAUSE_SECONDS
        self._shared = self._alone = 0.0

    def says_share(self) -> bool:
        """Whether to share the next piece of work."""
        return perf_counter() >= self._alone_until

    def note(self, shared: float, alone: float) -> None:
        """Note the seconds that shared work took, and the seconds that it would take one worker alone."""
        self._shared += shared
        self._alone += alone
        if self._alone < WINDOW_SECONDS:
            return
        if self._shared <= WORTH * self._alone:
            self._pause = FIRST_PAUSE_SECONDS
        else:
            self._alone_until = perf_counter() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        self._shared = self._alone = 0.0
