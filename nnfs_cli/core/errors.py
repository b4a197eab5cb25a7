"""Users' mistakes: their exceptions, and words that many messages share."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LISTED = 25
MOST_LETTERS = 2000
"""Of the mistakes in a config, and of one of them, no more is shown."""
ENOUGH = 100
"""Mistakes in a config, each with what was meant: to find thousands would take long."""


class NnfsError(Exception):
    """A mistake of the user's. The command line shows it as one message, without a traceback."""

    exit_status = 2

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the same one message. IPython asks for this method."""
        return [f"{type(self).__name__}: {self}"]


class DamageError(NnfsError):
    """A file is there and can be read, but is not as nnfs wrote it."""


class DivergenceError(NnfsError):
    """The loss grew beyond bounds, or numbers became infinite or not a number."""

    exit_status = 3


class InterruptionError(NnfsError):
    """Training stopped on request, after it had saved everything."""

    exit_status = 130


class StorageError(NnfsError):
    """The disk did not take what a training leaves. The message says what is kept, and how to go on."""

    exit_status = 3


class WorkerError(NnfsError):
    """A worker process ended before its work was done."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in a config: `path` says where (`layers[0].units`), `text` says what is wrong."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ConfigError(NnfsError):
    """All mistakes in one config."""

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        count, at_least = len(mistakes), "at least " if len(mistakes) >= ENOUGH else ""
        told = "1 mistake" if count == 1 else f"{at_least}{count} mistakes"
        lines = [f"{source}: {told}", *(f"  {_ends(str(mistake))}" for mistake in mistakes[:MOST_LISTED])]
        lines += [f"  and {at_least}{count - MOST_LISTED} more"] if mistakes[MOST_LISTED:] else []
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        """Other processes can make it anew: a Pool waits forever for an error that it cannot make."""
        return type(self), (self.source, self.mistakes)


def _ends(text: str) -> str:
    """A text; of one that is too long, both ends."""
    half = MOST_LETTERS // 2
    return text if len(text) <= MOST_LETTERS else f"{text[:half]}...{text[-half:]}"


class OptionError(ValueError):
    """Options with values that are not allowed, each as (option, expected, found)."""

    def __init__(self, problems: Sequence[tuple[str, str, object]]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(f"{name} must be {expected}, found {found!r}" for name, expected, found in problems)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


def check_options(component: object, **rules: tuple[bool, str]) -> None:
    """Raise one OptionError for all rules `option=(holds, expected)` that do not hold."""
    problems = [
        (name, expected, getattr(component, name)) for name, (holds, expected) in rules.items() if not holds
    ]
    if problems:
        raise OptionError(problems)


def did_you_mean(word: object, candidates: Iterable[str]) -> str:
    """`; did you mean 'units'?` if a candidate is similar to `word`, else the list of all candidates."""
    names = sorted(candidates)
    close = nearest(word, names)
    if close is not None:
        return f"; did you mean {close!r}?"
    if len(names) == 1:
        return f"; there is only {names[0]!r}"
    return f"; there are {listed(names, MOST_LISTED)}" if names else ""


def listed(names: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if names[most:] else "")


def counted(n: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`, `3 categories`; the plural ends in -s unless it is given."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def nearest(word: object, candidates: Iterable[str]) -> str | None:
    """The candidate most similar to `word`, ignoring case; None if none is similar."""
    lower = {name.lower(): name for name in candidates}
    close = difflib.get_close_matches(str(word).lower(), lower, n=1, cutoff=0.5)
    return lower[close[0]] if close else None


class ShapeError(NnfsError):
    """A layer cannot take its input's shape."""
