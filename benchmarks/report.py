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
    return table(("asked", "found", "bound", "reached"), [_verdict(claim) for claim in claims])


def summary(sections: Sequence[Section]) -> str:
    """All claims of all sections in one table; a section is called what its title says before a colon."""
    rows = [
        (section.title.partition(":")[0], *_verdict(claim))
        for section in sections
        for claim in section.claims
    ]
    return table(("", "asked", "found", "bound", "reached"), rows)


def _verdict(claim: Claim) -> tuple[str, str, str, str]:
    bound = f"{'at least' if claim.at_least else 'at most'} {claim.bound:g} {claim.unit}"
    return claim.what, f"{claim.found:.3g} {claim.unit}", bound, "yes" if claim.reached else "**no**"


READING = """## How to read this, and how to run it again

`make bench` measures everything anew and writes this file; `benchmarks/run.py --only A,C` measures some
of it and prints that. Every contestant has a process and BLAS threads of its own. All are started,
checked and warmed up first; then they are timed in turn, round by round, while the others sleep. Before
each round its contestant works untimed for at least 0.15 s, since cores that have rested take a while to
come to speed.

Where cores are shared with strangers, as on rented machines, these slow rounds down to twice their time,
now and then. So the machine is held to a yardstick before and after each round, a few small products on
each core: who took how long has no part in that. Rounds go on until each contestant has enough of those in
which no core took more than 1.2 times its best for the yardstick, or for four minutes; the calmest count.
Their medians are compared; the minimum tells how fast it went at best.

Before anything is timed, each contestant must come to the same weights as ours, to 1e-5, from the same
start over the same 20 batches; for inference, to the same probabilities.

- `nnfs, by the rule` is what a user gets who says nothing of threads, and what peers are compared with; 1
  and 2 threads are what `training.threads` can ask for instead: processes where these share the work, and
  else threads of BLAS.
- A peer is judged at the better of 1 and 2 threads, and of its variants.
- `bare matmuls` is the limit for whoever uses this BLAS: the matrix products of the same steps and
  nothing else, each in the memory order in which it is fastest.
- `plain NumPy` is float64, as one writes it in a first walkthrough.
- PyTorch, JAX and scikit-learn begin with float32 in memory, where ours keeps bytes and scales them batch
  by batch. scikit-learn also computes its loss in every step.
- Two that differ by less than 5 % are called level.
"""


def report(machine: str, sections: Sequence[Section]) -> str:
    """The whole of RESULTS.md."""
    parts = ["# How fast it is", machine, "![times of all contestants](results.png)", summary(sections)]
    return "\n\n".join([*parts, *(section.markdown() for section in sections), READING])
