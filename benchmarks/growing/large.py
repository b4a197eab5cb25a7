"""Time and memory of a run on a file that is larger than the memory it may use."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from report import Claim, table

from growing import SCRIPT
from growing.files import CLASSES, experiment, write_rows
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.reports import EpochReport

MB = 1e6
LARGE_ROWS, LARGE_FEATURES = 2**20, 4096
"""2^32 bytes, 4.3 GB."""


class AnonymousMemory:
    """In the `with` block, polls the memory of a process that belongs to no file (Linux's RssAnon)."""

    def __init__(self, process: int | str = "self") -> None:
        self.peak = 0.0
        self._process = process
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "AnonymousMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.peak = max(self.peak, self.now())

    def now(self) -> float:
        """The memory now, in MB."""
        status = Path(f"/proc/{self._process}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        if found is None and "zombie" in status:
            return 0.0
        if found is None:
            raise SystemExit(
                "this system does not tell a process's anonymous memory: leave this out by --no-large"
            )
        return int(found[1]) * 1024 / MB


def work_large(folder: Path) -> None:
    """Run as a worker: train one epoch, and print the measurements as JSON."""
    started, samples = perf_counter(), list[tuple[float, float]]()
    with AnonymousMemory() as memory:
        ours = experiment(folder, 256, 1)
        loaded = perf_counter()
        run = RunDirectory.create(folder / "runs", ours.config)
        trained = loaded
        for report in train_run(ours, run):
            if isinstance(report, EpochReport):
                trained = perf_counter()
            else:
                samples.append((report.step * 256 / LARGE_ROWS, memory.now()))
    facts = {
        "mapped": isinstance(ours.data.splits["train"].x, np.memmap),
        "load": loaded - started,
        "train": trained - loaded,
        "rest": perf_counter() - trained,
        "samples": samples,
        "peak": memory.peak,
    }
    print(json.dumps(facts))


def measure_large(folder: Path) -> dict[str, Any]:
    """Write the file, train on it in a process of its own, and delete it."""
    needed = int(1.1 * LARGE_ROWS * LARGE_FEATURES)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"{folder}: has {free / 1e9:.1f} GB free, but the large file takes {needed / 1e9:.1f} GB: "
            f"name another --folder, or leave it out by --no-large"
        )
    started = perf_counter()
    write_rows(folder, LARGE_ROWS, LARGE_FEATURES)
    wrote = perf_counter() - started
    command = [sys.executable, str(SCRIPT), "--work", "large", "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(done.stdout), "write": wrote}


def large_part(facts: Mapping[str, Any]) -> tuple[str, list[Claim]]:
    """The text and claims about a run on a large file."""
    early, late = (
        median(memory for share, memory in facts["samples"] if low <= share <= high)
        for low, high in ((0.05, 0.25), (0.75, 0.95))
    )
    epoch = max(memory for _, memory in facts["samples"])
    a_row = (8 + 4 * CLASSES) * LARGE_ROWS / MB
    lines = [
        ("writing the file, s", f"{facts['write']:.1f}"),
        ("checking, fitting and hashing it, s", f"{facts['load']:.1f}"),
        ("an epoch, shuffled, s", f"{facts['train']:.1f}"),
        ("scores and plots, s", f"{facts['rest']:.1f}"),
        ("anonymous memory early in the epoch, MB", f"{early:.0f}"),
        ("late in the epoch, MB", f"{late:.0f}"),
        ("at most within the epoch, MB", f"{epoch:.0f}"),
        ("at most in the whole run, MB", f"{facts['peak']:.0f}"),
    ]
    about = (
        f"A run of one epoch on {LARGE_ROWS:,} rows of {LARGE_FEATURES:,} bytes in an .npy file that is "
        f"mapped ({'it stays so' if facts['mapped'] else '**it was copied**'}), batches of 256. Anonymous "
        "memory is what belongs to no file. For each row there are 8 bytes, its place in the order of "
        f"training, and its {CLASSES} outputs in float32: training's and, after it, evaluation's."
    )
    return f"{about}\n\n{table(('', 'found'), lines)}", [
        Claim("growth of memory from early to late in an epoch", late - early, 50.0, unit="MB"),
        Claim("memory within an epoch: order, outputs, 200 MB", epoch, round(a_row + 200.0), unit="MB"),
        Claim(
            "memory in the whole run: order, two sets of outputs, 200 MB",
            facts["peak"],
            round(a_row + 4 * CLASSES * LARGE_ROWS / MB + 200.0),
            unit="MB",
        ),
    ]
