"""How time and memory grow: with rows, with a file larger than its share of memory, with small steps.

    python benchmarks/growth.py [--repeats 5] [--folder FOLDER] [--no-large]

The large file takes 4.3 GB of FOLDER while it is in use.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table
from workers import Worker, interleave, serve

from nnfs_cli.conduct import conduct
from nnfs_cli.config import parse_config
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import EpochReport
from nnfs_cli.experiment import Experiment
from nnfs_cli.layers.chain import room
from nnfs_cli.runs import RunDirectory
from nnfs_cli.trainer import train

MB = 1e6
ROWS = (1_000, 10_000, 100_000, 1_000_000)
FEATURES = 64
ROWS_A_ROUND = 100_000
"""Of fewer rows, a round is several epochs."""

LARGE_ROWS, LARGE_FEATURES = 2**20, 4096
"""2^32 bytes, 4.3 GB."""

CLASSES = 10
CONFIG = """
name: growth
dataset: {{type: npy, x: {folder}/x.npy, y: {folder}/y.npy, scale: true}}
layers: [{{type: dense, units: 32}}, relu, {{type: dense, units: 10}}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {{type: sgd, learning_rate: 0.01}}
training: {{epochs: {epochs}, batch_size: {batch_size}, log_every: 1000000000, threads: 1}}
"""


def experiment(folder: Path, batch_size: int, epochs: int) -> Experiment:
    """The network on the bytes of x.npy and the classes of y.npy in a folder."""
    text = CONFIG.format(folder=folder, batch_size=batch_size, epochs=epochs)
    return Experiment(parse_config(text, "growth.yaml", ()))


def write_rows(folder: Path, rows: int, features: int) -> None:
    """x.npy with bytes (rows, features), the same 64 random MB over and over, and y.npy with classes."""
    rng, at_once = np.random.default_rng(0), 2**26 // features
    block = memoryview(rng.bytes(at_once * features))
    header = {"descr": "|u1", "fortran_order": False, "shape": (rows, features)}
    with (folder / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, at_once):
            file.write(block[: min(at_once, rows - start) * features])
    np.save(folder / "y.npy", rng.permutation(np.arange(rows) % CLASSES))


# Rows


def work_rows(folder: Path, rows: int) -> None:
    """A worker's rounds: so many epochs that they are ROWS_A_ROUND rows, if one is not more."""
    reports = train(experiment(folder, 64, 10**6))

    def round_() -> None:
        for _ in range(max(ROWS_A_ROUND // rows, 1)):
            next(report for report in reports if isinstance(report, EpochReport))

    serve(f"{rows} rows", round_)


def measure_rows(folder: Path, repeats: int) -> dict[int, list[float]]:
    """Seconds of an epoch by its rows, the sizes in turn."""
    with ExitStack() as stack:
        workers = []
        for rows in ROWS:
            place = folder / str(rows)
            place.mkdir()
            write_rows(place, rows, FEATURES)
            arguments = ["--work", "rows", "--folder", str(place), "--rows", str(rows)]
            workers.append(stack.enter_context(Worker(str(rows), Path(__file__), *arguments)))
        rounds = interleave(workers, repeats)
    return {rows: [seconds / max(ROWS_A_ROUND // rows, 1) for seconds in rounds[str(rows)]] for rows in ROWS}


def rows_table(seconds: Mapping[int, list[float]]) -> str:
    """Of each size its epochs, and what a row takes."""
    lines = [
        (f"{rows:,} rows", f"{median(each):.4g}", f"{min(each):.4g}", f"{1e6 * median(each) / rows:.3g}")
        for rows, each in seconds.items()
    ]
    return table(("", "epoch, median s", "epoch, minimum s", "microseconds a row"), lines)


# A large file


class AnonymousMemory:
    """While entered, watches the memory of this process that belongs to no file (RssAnon of Linux)."""

    def __init__(self) -> None:
        self.peak = 0.0
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

    @staticmethod
    def now() -> float:
        """MB."""
        found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found is None:
            raise SystemExit(
                "this system does not tell a process's anonymous memory: leave this out by --no-large"
            )
        return int(found[1]) * 1024 / MB


def work_large(folder: Path) -> None:
    """A whole run of one epoch; prints what was measured as JSON."""
    started, samples = perf_counter(), list[tuple[float, float]]()
    with AnonymousMemory() as memory:
        ours = experiment(folder, 256, 1)
        loaded = perf_counter()
        run = RunDirectory.create(folder / "runs", ours.config)
        trained = loaded
        for report in conduct(ours, run):
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
    command = [sys.executable, __file__, "--work", "large", "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(done.stdout), "write": wrote}


# Small steps


class Small(NamedTuple):
    """A small network, and how many calls of NumPy the equations of a step ask for.

    calls: by what they do. `dot` are those of BLAS: products, and sums over rows.
    """

    widths: tuple[int, ...]
    batch_size: int
    config: str
    calls: Mapping[str, int]


SMALL = {
    "1-64-64-1": Small(
        (1, 64, 64, 1),
        32,
        """
dataset: {type: cubic, samples: 64000}
layers: [{type: dense, units: 64}, tanh, {type: dense, units: 64}, tanh, {type: dense, units: 1}]
loss: mse
""",
        {
            "take rows and targets": 2,
            "dense, forward: dot": 3,
            "dense, forward: add b": 3,
            "tanh": 2,
            "keep the outputs": 1,
            "mse: subtract, scale": 2,
            "dense, backward: dot for dW, db and dx": 8,
            "tanh, backward: square, subtract from 1, multiply": 6,
            "sgd: scale, subtract": 2,
        },
    ),
    "784-128-10": Small(
        (784, 128, 10),
        64,
        """
dataset: {type: npy, x: FOLDER/x.npy, y: FOLDER/y.npy, scale: true}
layers: [{type: dense, units: 128}, relu, {type: dense, units: 10}]
loss: cross_entropy
""",
        {
            "take rows and targets": 2,
            "bytes into float32: convert, scale": 2,
            "dense, forward: dot": 2,
            "dense, forward: add b": 2,
            "relu": 1,
            "keep the outputs": 1,
            "softmax: max, subtract, exp, sum, divide": 5,
            "less 1 at the targets: read, subtract, write; scale": 4,
            "dense, backward: dot for dW, db and dx": 5,
            "relu, backward: compare, multiply": 2,
            "sgd: scale, subtract": 2,
        },
    ),
}
STEPS_ROWS = 64_000
REPEATED = 2000


def work_steps(name: str, folder: Path) -> None:
    """A worker's rounds: the steps of an epoch."""
    small = SMALL[name]
    text = f"name: small\n{small.config.replace('FOLDER', str(folder))}" + (
        "optimizer: {type: sgd, learning_rate: 0.001}\n"
        f"training: {{epochs: 1000000, batch_size: {small.batch_size}, log_every: 1000000000, threads: 1}}\n"
    )
    reports = train(Experiment(parse_config(text, "small.yaml", ())))
    serve("steps", lambda: next(None for report in reports if isinstance(report, EpochReport)))


def work_blas(name: str) -> None:
    """A worker's rounds: the BLAS calls of REPEATED steps, on arrays that lie as a network's do."""
    small, calls = SMALL[name], list[Callable[[], object]]()
    n, rng = small.batch_size, np.random.default_rng(0)
    arrays = [[room(n, (width,), "float32") for width in small.widths] for _ in range(2)]
    for array in (*arrays[0], *arrays[1]):
        array[...] = rng.normal(size=array.shape)
    for i, (inputs, outputs) in enumerate(pairwise(small.widths)):
        W = rng.normal(size=(inputs, outputs)).astype(np.float32)
        (x, y), (dx, dy) = (each[i : i + 2] for each in arrays)
        calls += [_dot(x, W, y), _dot(x.T, dy, np.empty_like(W))]
        calls += [_dot(np.ones(n, np.float32), dy, np.empty(outputs, np.float32))]
        if i:
            calls += [_dot(dy, W.T, dx)]

    def round_() -> None:
        for _ in range(REPEATED):
            for call in calls:
                call()

    with use_one_thread():
        serve("BLAS", round_)


def _dot(a: Array, b: Array, out: Array) -> Callable[[], object]:
    if out.flags.c_contiguous:
        return partial(np.dot, a, b, out=out)
    return partial(np.dot, b.T, a.T, out=out.T)


def use_one_thread() -> Any:
    """BLAS on one thread, as steps so small use it."""
    return ThreadpoolController().limit(limits=1, user_api="blas")


def measure_small(folder: Path, repeats: int) -> dict[str, tuple[float, float]]:
    """Of each network, the seconds of a step, and of its BLAS calls alone.

    Of all rounds the fastest counts: what else the machine does is neither's, and would not cancel out.
    """
    write_rows(folder, STEPS_ROWS, 784)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                Worker(
                    f"{name} {kind}", Path(__file__), "--work", kind, "--folder", str(folder), "--net", name
                )
            )
            for name in SMALL
            for kind in ("steps", "blas")
        ]
        rounds = {name: min(seconds) for name, seconds in interleave(workers, repeats).items()}
    return {
        name: (rounds[f"{name} steps"] / (STEPS_ROWS / small.batch_size), rounds[f"{name} blas"] / REPEATED)
        for name, small in SMALL.items()
    }


# The report


def section(repeats: int, folder: Path | None = None, *, large: bool = True) -> Section:
    """Measure, and say what was found."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        rows_folder, small_folder, large_folder = (Path(place, name) for name in ("rows", "small", "large"))
        for each in (rows_folder, small_folder, large_folder):
            each.mkdir()
        parts = [rows_part(measure_rows(rows_folder, repeats))]
        parts.append(small_part(measure_small(small_folder, repeats)))
        if large:
            parts.append(large_part(measure_large(large_folder)))
    return Section(
        title="Growth",
        about="How time and memory grow with rows, and what a step costs beyond its arithmetic.",
        table="\n\n".join(text for text, _ in parts),
        claims=[claim for _, claims in parts for claim in claims],
    )


def rows_part(seconds: Mapping[int, list[float]]) -> tuple[str, list[Claim]]:
    """What epochs over more and more rows take."""
    a_row = {rows: median(each) / rows for rows, each in seconds.items()}
    about = (
        f"Rows of {FEATURES} bytes, mapped from a file; a network {FEATURES}-32-{CLASSES}, batches of 64, "
        "one thread; whole epochs with shuffling and scores, the sizes in turn."
    )
    claim = Claim("time a row with 10^6 rows, to that with 10^4", a_row[1_000_000] / a_row[10_000], 1.2)
    return f"{about}\n\n{rows_table(seconds)}", [claim]


def small_part(seconds: Mapping[str, tuple[float, float]]) -> tuple[str, list[Claim]]:
    """What small steps take beyond BLAS."""
    lines, claims = [], []
    for name, (step, blas) in seconds.items():
        calls = sum(SMALL[name].calls.values())
        each = 1e6 * (step - blas) / calls
        lines.append((name, f"{1e6 * step:.1f}", f"{1e6 * blas:.1f}", str(calls), f"{each:.2f}"))
        claims.append(Claim(f"beyond BLAS, for each NumPy call of a step: {name}", each, 3.0, unit="µs"))
    about = (
        "Steps of small networks, their BLAS calls alone, and the rest, all other arithmetic included, for "
        "each call of NumPy that a step's equations need; fastest of all rounds. The calls, counted by hand:"
    )
    listed = "\n".join(
        f"- {name}: " + ", ".join(f"{what} ({count})" for what, count in small.calls.items())
        for name, small in SMALL.items()
    )
    header = ("", "step, µs", "BLAS alone, µs", "calls", "rest for each call, µs")
    return f"{about}\n\n{listed}\n\n{table(header, lines)}", claims


def large_part(facts: Mapping[str, Any]) -> tuple[str, list[Claim]]:
    """What a run on a large file takes."""
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


def main() -> None:
    """Measure and print, or, as one of the workers, work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--no-large", dest="large", action="store_false")
    parser.add_argument("--work", choices=["rows", "large", "steps", "blas"], help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--net", choices=list(SMALL), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.work:
        case "rows":
            work_rows(arguments.folder, arguments.rows)
        case "large":
            work_large(arguments.folder)
        case "steps":
            work_steps(arguments.net, arguments.folder)
        case "blas":
            work_blas(arguments.net)
        case None:
            print(describe())
            print(section(arguments.repeats, arguments.folder, large=arguments.large).markdown())


if __name__ == "__main__":
    main()
