"""Time nnfs against its peers, workload by workload, and write this processor's section of the report.

    python benchmarks/run.py [--repeats 7] [--only A,B,busy,memory] [--output benchmarks]

Each contestant has a process of its own. Their rounds are timed in turn. Before that, each must get the same
weights as ours, from the same start over the same 20 batches.

With `--output` a section is written as soon as it is measured, and this processor's other sections stay.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

# Measure this checkout, even if another nnfs is installed.
sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
from kernels import other_kernels  # isort: skip  # first: it chooses the kernel, before NumPy is loaded
from busy import busy_contest
from chart import draw
from contest import contest, work
from contestants import BUSY, Entry
from machine import Machine, slug, title
from page import page
from records import RECORDS, Record, all_records
from report import Section
from workers import AT_MOST_SECONDS
from workloads import WORKLOADS

from nnfs_cli.core.blas_threads import kernel_name

LETTERS = list(dict.fromkeys(key[0] for key in WORKLOADS))
OTHERS = ("startup", "memory", "growth", "overhead", "diagnostics")
"""Modules that measure a section of the report."""

PARTS = (*LETTERS, "busy", *OTHERS)

MakeSection = Callable[[int], Section]


def sections(names: list[str], kernels: Sequence[str], at_most: float) -> list[MakeSection]:
    """Functions that make the sections. An ImportError comes before anything is timed."""
    makers: list[MakeSection] = []
    for name in names:
        if name in OTHERS:
            makers.append(import_module(name).section)
        elif name == "busy":
            makers += [partial(busy_contest, WORKLOADS[key], at_most=at_most) for key in BUSY]
        else:
            chosen = [workload for key, workload in WORKLOADS.items() if key.startswith(name)]
            makers += [partial(contest, workload, kernels=kernels, at_most=at_most) for workload in chosen]
    return makers


def write(record: Record, folder: Path) -> None:
    """Write a processor's record and chart, and the page of all records in the folder."""
    record.save(folder)
    draw(record.sections, folder / RECORDS / f"{record.slug}.png")
    (folder / "RESULTS.md").write_text(page(all_records(folder)), encoding="utf-8")
    print(f"written: {folder / 'RESULTS.md'}, with {record.slug}", file=sys.stderr)


def main() -> None:
    """Measure and write; or run as a worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--at-most", type=float, default=AT_MOST_SECONDS, help="seconds for a workload's rounds"
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
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
    unknown = set(names) - {*WORKLOADS, *PARTS}
    if unknown:
        parser.error(f"--only: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    kernels = other_kernels(own=kernel_name())
    makers, machine = sections(names, kernels, arguments.at_most), Machine.now()
    whole = arguments.only == parser.get_default("only")
    output = arguments.output or (Path(__file__).parent if whole else None)
    record = Record(title(), slug(), "", [], chart=output is not None)
    for make_section in makers:
        done = [*record.sections, make_section(arguments.repeats)]
        record = replace(record, about=machine.described(kernels), sections=done)
        if output is not None:  # now, so that an interrupted benchmark loses nothing
            write(record.with_others_of(output), output)
    if output is None:
        print(page([record]))
    elif whole:
        write(record, output)


if __name__ == "__main__":
    main()
