"""The text of RESULTS.md: all claims by processor, and a section for each processor."""

from collections.abc import Sequence
from dataclasses import replace

from records import RECORDS, Record
from report import Claim, table

INTRODUCTION = """Each processor has a section, which a benchmark on another one does not replace. All
figures are held to the bounds that are asked today; **bold** ones miss them."""

READING = """## How to read this, and how to run it again

`make bench` measures everything on the machine that it runs on, and writes this file: the section of this
processor is new, those of others stay. `benchmarks/run.py --only A,C` measures some workloads and prints
the result. Each contestant has a process and BLAS threads of its own. All contestants are started, checked
and warmed up first. Then their rounds are timed in turn, while the others sleep. Before each round the
contestant works untimed for at least 0.15 s, since a core that was idle needs a while to reach its speed.

On rented machines, other users of the same cores may make a round take twice its time. So a yardstick, a
few small products on each core, is timed before and after each round. A round is calm if no core took more
than 1.2 times its best time for the yardstick; the round's own time does not count in this. Rounds go on
until each contestant has enough calm ones, or for four minutes (`--at-most`). The calmest rounds
count. Their medians are compared; the minimum is the best case.

Before anything is timed, each contestant must get the same weights as ours, to 1e-5, from the same start
over the same 20 batches; for inference, the same probabilities.

- `nnfs, by the rule` is the default, to which peers are compared. 1 and 2 threads are other values of
  `training.threads`: worker processes for networks of images, else threads.
- For a peer the better of 1 and 2 threads counts, and the best of its variants.
- `bare matmuls` is the limit of this BLAS: the matrix products of the same steps and nothing else, each in
  its fastest memory order.
- `plain NumPy` is float64, as in a first walkthrough.
- PyTorch, JAX and scikit-learn start with float32 in memory; ours keeps bytes and scales them batch by
  batch. scikit-learn also computes its loss in every step.
- Ours, bare matmuls and plain NumPy compute with the kernel of OpenBLAS that `nnfs` chooses; in A to D with
  the machine's other ones, too (`OPENBLAS_CORETYPE`), named in parentheses. BLAS says which there are.
  PyTorch, JAX and scikit-learn come as they are.
- The busy neighbor is a process that multiplies matrices all the time, on one thread and pinned to no core.
  It pauses only while the yardstick is read. `by default` is a peer whose number of threads was not set.
- Two contestants that differ by less than 5 % are level.
"""


def page(records: Sequence[Record]) -> str:
    """The text of RESULTS.md. The first records' bounds hold for all."""
    sections = [_section(record) for record in records]
    return "\n\n".join(["# How fast it is", INTRODUCTION, summary(records), *sections, READING])


def summary(records: Sequence[Record]) -> str:
    """A table of all claims, with a column for each processor."""
    found = [
        {(section.name, claim.what): claim for section in record.sections for claim in section.claims}
        for record in records
    ]
    asked = {key: claim for claims in reversed(found) for key, claim in claims.items()}
    names = list(dict.fromkeys(name for claims in sorted(found, key=len, reverse=True) for name, _ in claims))
    rows = [
        (*key, asked[key].asked, *(_cell(claims.get(key), asked[key]) for claims in found))
        for key in sorted(asked, key=lambda key: names.index(key[0]))
    ]
    return table(("", "asked", "bound", *(record.title for record in records)), rows)


def _cell(claim: Claim | None, asked: Claim) -> str:
    """What a processor reached of what is asked."""
    if claim is None:
        return ""
    reached = replace(claim, bound=asked.bound).reached
    return claim.said if reached else f"**{claim.said}**"


def _section(record: Record) -> str:
    """A processor's section."""
    chart = f"![times of all contestants]({RECORDS}/{record.slug}.png)" if record.chart else ""
    parts = [f"## {record.title}", record.note, record.about, chart]
    return "\n\n".join(filter(None, [*parts, *(section.markdown("###") for section in record.sections)]))
