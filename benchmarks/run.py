"""Time nnfs against its peers, workload by workload, and write the report.

    python benchmarks/run.py [--repeats 7] [--only A,B,memory] [--output benchmarks]

Each contestant has a process of its own. Their rounds are timed in turn. Before that, each must get the same
weights as ours, from the same start over the same 20 batches.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

# Measure this checkout, even if another nnfs is installed.
sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
from agreement import TOLERANCE, Reference
from chart import draw
from contests import OURS, Entry, claims, entries
from machine import Machine
from report import Section, report, timing_table
from sides import make
from sides.base import Inference, Trainer
from workers import Timings, Worker, serve, take_turns
from workloads import WORKLOADS, Workload

SCRIPT = Path(__file__)
OTHERS = ("startup", "memory", "growth", "overhead", "diagnostics")
"""Modules that measure a section of the report."""

STARTING_AT_ONCE = 2


def contest(workload: Workload, repeats: int) -> Section:
    """Run a workload, and make its section of the report."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        Reference.of(workload).save(folder / "reference.npz")

        def hire(entry: Entry) -> Worker:
            return _start_worker(workload, entry, folder / "reference.npz")

        with ThreadPoolExecutor(STARTING_AT_ONCE) as pool:
            workers = [stack.enter_context(worker) for worker in pool.map(hire, entries(workload.key))]
        print(f"{workload.key}: all agree; timing {len(workers)} contestants", file=sys.stderr)
        for worker in workers:
            worker.round()  # to warm up
        timings = take_turns(workers, repeats)
    return Section(
        f"{workload.key}: {workload.title}",
        _about(workload, workers, timings),
        timing_table(timings.seconds, OURS),
        claims(workload, timings.seconds),
        timings.seconds,
    )


def _start_worker(workload: Workload, entry: Entry, reference: Path) -> Worker:
    """Start a contestant's worker, which checks its result."""
    variables = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    ours = entry.side == "nnfs"  # nnfs sets its threads itself
    return Worker(
        entry.name,
        SCRIPT,
        *("--worker", entry.side, "--only", workload.key, "--threads", entry.threads),
        *("--variant", entry.variant, "--reference", str(reference)),
        every=entry.every,
        environment={} if ours else dict.fromkeys(variables, entry.threads),
    )


def _about(workload: Workload, workers: list[Worker], timings: Timings) -> str:
    """How the workload was measured, in sentences."""
    facts = next(worker.facts for worker in workers if worker.name == OURS)
    slow = [worker.name.partition(",")[0] for worker in workers if worker.every > 1]
    kept = len(timings.seconds[OURS])
    sentences = [
        f"The calmest {kept} rounds of each, {timings.calm:.0%} of them undisturbed, of {timings.rounds} "
        f"rounds in all; the rule gives ours {facts}."
    ]
    if slow:
        sentences.append(f"Of {' and '.join(dict.fromkeys(slow))} it is fewer.")
    if workload.inference:
        sentences.append(
            "Ours begins with bytes, as images are stored; PyTorch with these, or with float32 tensors that "
            "are scaled already. All end in probabilities."
        )
    if any(layer["type"] == "dropout" for layer in workload.layers):
        sentences.append("That all come to the same weights was checked with a dropout rate of 0.")
    return " ".join(sentences)


def work(workload: Workload, entry: Entry, reference: Path) -> None:
    """Run as a worker: check that the result equals ours, then run rounds on request."""
    same = Reference.load(reference)
    gap = same.gap(make(entry.side, workload.without_dropout(), entry.threads, entry.variant))
    if not gap <= TOLERANCE:  # also if the gap is not a number
        raise SystemExit(f"{entry.name} does not compute the same as ours: they differ by {gap:.1e}")
    contestant = make(entry.side, workload, entry.threads, entry.variant)
    if isinstance(contestant, Trainer | Inference):
        contestant.start(same.weights)
    serve(contestant.facts, contestant.round, parts=workload.parts / workload.reported, warm_up=False)


def sections(names: list[str]) -> list[Callable[[int], Section]]:
    """Functions that make the sections. An ImportError comes before anything is timed."""
    makers: list[Callable[[int], Section]] = []
    for name in names:
        if name in OTHERS:
            makers.append(import_module(name).section)
        else:
            makers += [_maker(workload) for key, workload in WORKLOADS.items() if key.startswith(name)]
    return makers


def _maker(workload: Workload) -> Callable[[int], Section]:
    return lambda repeats: contest(workload, repeats)


def main() -> None:
    """Measure and write; or run as a worker."""
    letters = list(dict.fromkeys(key[0] for key in WORKLOADS))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", default=",".join([*letters, *OTHERS]), help="parts, separated by commas")
    parser.add_argument("--output", type=Path, help="the folder for RESULTS.md; default: benchmarks, if all")
    for option in ("worker", "threads", "variant"):
        parser.add_argument(f"--{option}", default="", help=argparse.SUPPRESS)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        entry = Entry(arguments.worker, arguments.threads, arguments.variant)
        work(WORKLOADS[arguments.only], entry, arguments.reference)
        return
    names = arguments.only.split(",")
    unknown = set(names) - {*letters, *WORKLOADS, *OTHERS}
    if unknown:
        parser.error(
            f"--only: no part {', '.join(sorted(unknown))}; there are {', '.join([*letters, *OTHERS])}"
        )
    makers, machine = sections(names), Machine.now()
    done = [make_section(arguments.repeats) for make_section in makers]
    whole = arguments.only == parser.get_default("only")
    text = report(machine.described(), done)
    output = arguments.output or (SCRIPT.parent if whole else None)
    if output is None:
        print(text)
        return
    draw(done, output / "results.png")
    (output / "RESULTS.md").write_text(text, encoding="utf-8")
    print(f"written: {output / 'RESULTS.md'} and results.png", file=sys.stderr)


if __name__ == "__main__":
    main()
