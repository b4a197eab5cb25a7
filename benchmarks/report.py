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

    def markdown(self) -> str:
        """The section in Markdown."""
        return "\n\n".join([f"## {self.title}", self.about, self.table, claims_table(self.claims)]).rstrip()


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


def summary(sections: Sequence[Section]) -> str:
    """A table of all sections' claims. A section's name is its title up to a colon."""
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

`make bench` measures everything and writes this file. `benchmarks/run.py --only A,C` measures some
workloads and prints the result. Each contestant has a process and BLAS threads of its own. All contestants
are started, checked and warmed up first. Then their rounds are timed in turn, while the others sleep. Before
each round the contestant works untimed for at least 0.15 s, since a core that was idle needs a while to
reach its speed.

On rented machines, other users of the same cores may make a round take twice its time. So a yardstick, a
few small products on each core, is timed before and after each round. A round is calm if no core took more
than 1.2 times its best time for the yardstick; the round's own time does not count in this. Rounds go on
until each contestant has enough calm ones, or for four minutes. The calmest rounds count. Their medians are
compared; the minimum is the best case.

Before anything is timed, each contestant must get the same weights as ours, to 1e-5, from the same start
over the same 20 batches; for inference, the same probabilities.

- `nnfs, by the rule` is the default, to which peers are compared. 1 and 2 threads are other values of
  `training.threads`: worker processes for networks of images, else threads of BLAS.
- For a peer the better of 1 and 2 threads counts, and the best of its variants.
- `bare matmuls` is the limit of this BLAS: the matrix products of the same steps and nothing else, each in
  its fastest memory order.
- `plain NumPy` is float64, as in a first walkthrough.
- PyTorch, JAX and scikit-learn start with float32 in memory; ours keeps bytes and scales them batch by
  batch. scikit-learn also computes its loss in every step.
- Two contestants that differ by less than 5 % are level.
"""


def report(machine: str, sections: Sequence[Section]) -> str:
    """The text of RESULTS.md."""
    parts = ["# How fast it is", machine, "![times of all contestants](results.png)", summary(sections)]
    return "\n\n".join([*parts, *(section.markdown() for section in sections), READING])
