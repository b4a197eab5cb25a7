"""What a benchmark found: tables for people, and what was reached of what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Claim:
    """A figure, and the bound that it was asked to keep.

    bound: with `at_least` the smallest that will do, else the largest.
    """

    what: str
    found: float
    bound: float
    at_least: bool = False
    unit: str = "x"

    @property
    def reached(self) -> bool:
        return self.found >= self.bound if self.at_least else self.found <= self.bound


@dataclass(frozen=True)
class Section:
    """A part of the report.

    about: what was measured, and how, in a few sentences.   table: Markdown.
    seconds: for a bar chart, the rounds of each contestant by name; empty where there is nothing to draw.
    """

    title: str
    about: str
    table: str
    claims: Sequence[Claim] = ()
    seconds: Mapping[str, Sequence[float]] | None = None

    def markdown(self) -> str:
        """The section as it stands in the report."""
        return "\n\n".join([f"## {self.title}", self.about, self.table, claims_table(self.claims)]).rstrip()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, all others are numbers."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def timing_table(seconds: Mapping[str, Sequence[float]], ours: str) -> str:
    """Median and minimum of each contestant, and how many times ours its median is."""
    base = median(seconds[ours])
    rows = [
        (name, f"{median(values):.4g}", f"{min(values):.4g}", f"{median(values) / base:.2f}")
        for name, values in seconds.items()
    ]
    return table(("", "median, s", "minimum, s", "ratio to ours"), rows)


def claims_table(claims: Sequence[Claim]) -> str:
    """What was asked and what was found; an empty text where nothing was."""
    if not claims:
        return ""
    rows = [
        (
            claim.what,
            f"{claim.found:.3g} {claim.unit}",
            f"{'at least' if claim.at_least else 'at most'} {claim.bound:g} {claim.unit}",
            "yes" if claim.reached else "**no**",
        )
        for claim in claims
    ]
    return table(("asked", "found", "bound", "reached"), rows)
