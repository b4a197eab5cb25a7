"""The report: tables of results, and claims with what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Claim:
    """A measured number and its bound.

    bound: the smallest allowed number with `at_least`, else the largest.
    """

    what: str
    found: float
    bound: float
    at_least: bool = False
    unit: str = "x"

    @property
    def reached(self) -> bool:
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    @property
    def said(self) -> str:
        """What was found, with its unit."""
        return f"{self.found:.3g} {self.unit}"

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class Section:
    """A section of the report.

    about: what was measured and how, in a few sentences.   table: Markdown.
    seconds: the rounds of each contestant by name, for a bar chart; empty without a chart.
    """

    title: str
    about: str
    table: str
    claims: Sequence[Claim] = ()
    seconds: Mapping[str, Sequence[float]] | None = None

    @property
    def name(self) -> str:
        """The title up to a colon."""
        return self.title.partition(":")[0]

    def markdown(self, heading: str = "##") -> str:
        """The section in Markdown."""
        parts = [f"{heading} {self.title}", self.about, self.table, claims_table(self.claims)]
        return "\n\n".join(filter(None, parts))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table. The first column is text, all others are numbers."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def timing_table(seconds: Mapping[str, Sequence[float]], ours: str) -> str:
    """Median and minimum of each contestant, and its median divided by ours."""
    base = median(seconds[ours])
    rows = [
        (name, f"{median(values):.4g}", f"{min(values):.4g}", f"{median(values) / base:.2f}")
        for name, values in seconds.items()
    ]
    return table(("", "median, s", "minimum, s", "ratio to ours"), rows)


def claims_table(claims: Sequence[Claim]) -> str:
    """A table of claims; an empty text without claims."""
    if not claims:
        return ""
    return table(("asked", "found", "bound", "reached"), [_verdict(claim) for claim in claims])


def _verdict(claim: Claim) -> tuple[str, str, str, str]:
    return claim.what, claim.said, claim.asked, "yes" if claim.reached else "**no**"
