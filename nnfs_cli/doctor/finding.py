"""What a check says: its verdict, the numbers it measured, why, what to do. And the list of all checks."""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from nnfs_cli.doctor.subject import Subject

Verdict: TypeAlias = Literal["pass", "note", "warn", "FAIL"]
WORST_FIRST: tuple[Verdict, ...] = ("FAIL", "warn", "note", "pass")


@dataclass(frozen=True)
class Outcome:
    """What a check found.   measured: the numbers.   why: what they mean.   advice: what to do about it."""

    verdict: Verdict
    measured: str
    why: str = ""
    advice: str = ""


Run: TypeAlias = Callable[[Subject], Outcome]


@dataclass(frozen=True)
class Finding:
    """A check's outcome with its name. Of a check that passes, `why` says what that shows."""

    check: str
    verdict: Verdict
    measured: str
    why: str
    advice: str

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """A named check.   shows: what it shows where it passes."""

    name: str
    shows: str
    run: Run

    def __call__(self, subject: Subject) -> Finding:
        outcome = self.run(subject)
        return Finding(
            self.name, outcome.verdict, outcome.measured, outcome.why or self.shows, outcome.advice
        )


CHECKS: dict[str, Check] = {}
"""All checks by name."""


def check(name: str) -> Callable[[Run], Run]:
    """Decorator: add a function to the checks. Its docstring says what it shows where it passes."""

    def add(run: Run) -> Run:
        CHECKS[name] = Check(name, inspect.getdoc(run) or name, run)
        return run

    return add


def worst(*outcomes: Outcome | None) -> Outcome | None:
    """The first of the outcomes with the worst verdict; None if there is none."""
    given = [outcome for outcome in outcomes if outcome is not None]
    return min(given, key=lambda outcome: WORST_FIRST.index(outcome.verdict), default=None)
