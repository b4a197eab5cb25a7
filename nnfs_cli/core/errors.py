"""Users' mistakes: one exception type, and the wording that all messages share."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class NnfsError(Exception):
    """A mistake that the user can mend: shown as one message, never as a traceback."""

    exit_status = 2


class DivergenceError(NnfsError):
    """The loss became infinite or not a number."""

    exit_status = 3


class InterruptionError(NnfsError):
    """Training was asked to stop, and did, with everything saved."""

    exit_status = 130


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a file: `path` says where (`layers[0].units`), `text` what and why."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ConfigError(NnfsError):
    """All the mistakes found in one config."""

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        lines = [f"{source}: {count}", *(f"  {mistake}" for mistake in mistakes)]
        super().__init__("\n".join(lines))


class OptionError(ValueError):
    """Options of a component that are outside their ranges, as (option, expected, found)."""

    def __init__(self, problems: Sequence[tuple[str, str, object]]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(f"{name} must be {expected}, found {found!r}" for name, expected, found in problems)
        )


def check_options(component: object, **rules: tuple[bool, str]) -> None:
    """Raise OptionError for every option whose rule `option=(holds, expected)` does not hold."""
    problems = [
        (name, expected, getattr(component, name)) for name, (holds, expected) in rules.items() if not holds
    ]
    if problems:
        raise OptionError(problems)


def did_you_mean(word: object, candidates: Iterable[str]) -> str:
    """`; did you mean 'units'?` for the candidate nearest to `word`, or the list of all, or nothing."""
    names = sorted(candidates)
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(names)}" if names else ""
