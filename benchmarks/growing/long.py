"""Time and memory of commands on long trainings, on rows by the million, on many runs and on large tables."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter, sleep
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from report import Claim, table

from growing.large import AnonymousMemory
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.index import YOUNG

MB = 1e6
CONFIG = """
dataset: {type: cubic, samples: 64, validation: 16}
layers: [{type: dense, units: 4}, tanh, {type: dense, units: 1}]
loss: mse
metrics: [rmse]
optimizer: {type: sgd, learning_rate: 0.01}
training: {epochs: 100, batch_size: 16, diagnostics: true}
"""
TABLE = """
dataset: {type: csv, path: table.csv, target: kind, validation: 0.01, standardize: true}
layers: [{type: dense, units: 8}, relu, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: sgd, learning_rate: 0.01}
training: {epochs: 1, batch_size: 1024, log_every: 100}
"""
COLUMNS = 20


class Cost(NamedTuple):
    """What a command took: seconds of one core, and its largest memory that belongs to no file, in MB."""

    seconds: float
    memory: float


class Growing(NamedTuple):
    """What grows, how to make it in a folder, and the commands that are measured, for a size.

    sizes: a small and a large one.
    flat: the commands whose memory must not grow.
    within: the commands that must take no more than so many seconds at the large size.
    """

    what: str
    sizes: tuple[float, float]
    make: Callable[[Path, float], None]
    commands: Callable[[float], Mapping[str, Sequence[str]]]
    flat: tuple[str, ...]
    within: Mapping[str, float] = MappingProxyType({})


def nnfs(folder: Path, *arguments: str) -> Cost:
    """Run a command in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nnfs_cli", *arguments],
        cwd=folder,
        env={**os.environ, "NNFS_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
    )
    with AnonymousMemory(process.pid) as memory:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"nnfs {' '.join(arguments)} failed")
    return Cost(used.ru_utime + used.ru_stime, memory.peak)


def small_run(folder: Path) -> Path:
    """A small run, `runs/one`."""
    (folder / "tiny.yaml").write_text(CONFIG)
    nnfs(folder, "train", "tiny.yaml", "--id", "one", "--quiet")
    return folder / "runs" / "one"


def make_config(folder: Path, _: float) -> None:
    """A config; its epochs are told by each command."""
    (folder / "tiny.yaml").write_text(CONFIG)


def make_rows(folder: Path, rows: float) -> None:
    """A run whose steps.csv has so many rows."""
    rng, every = np.random.default_rng(0), 100_000
    run = RunDirectory(small_run(folder))
    run.write_json("summary.json", {**run.summary(), "files": {}})  # which tell of its own rows
    with (run.path / "steps.csv").open("w") as file:
        file.write("step,epoch,loss,rmse\n")
        for start in range(0, int(rows), every):
            losses = (
                1 + np.exp(-np.arange(start, start + every) / 1e6) + 0.1 * rng.normal(size=every)
            ).tolist()
            file.writelines(f"{start + i + 1},{start // 100 + 1},{x!r},{x!r}\n" for i, x in enumerate(losses))


def make_runs(folder: Path, runs: float) -> None:
    """A folder of so many runs."""
    one = small_run(folder)
    for number in range(1, int(runs)):
        copy = one.with_name(f"run-{number}")
        copy.mkdir()
        for name in ("config.yaml", "summary.json"):
            shutil.copyfile(one / name, copy / name)
    sleep(YOUNG / 1e9)  # what is younger is not kept in the index


def make_table(folder: Path, gigabytes: float) -> None:
    """A CSV table of so many GB: the same 100,000 random rows again and again."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100_000, COLUMNS)).round(4)
    lines = (",".join(map(repr, row)) + f",{'ab'[row[0] > 0]}\n" for row in x.tolist())
    block = "".join(lines).encode()
    with (folder / "table.csv").open("wb") as file:
        file.write((",".join(f"c{i}" for i in range(COLUMNS)) + ",kind\n").encode())
        while file.tell() < gigabytes * 1e9:
            file.write(block)
    (folder / "table.yaml").write_text(TABLE)


GROWING = (
    Growing(
        "epochs of a tiny run",
        (25_000, 100_000),
        make_config,
        lambda size: {
            "train": ["train", "tiny.yaml", "--id", "one", "-q", "--set", f"training.epochs={size:.0f}"],
            "resume": ["resume", "one", "-q", "--epochs", f"{size + 1:.0f}"],
            "plot": ["plot", "one"],
            "report": ["report", "one"],
            "runs": ["runs"],
        },
        ("train", "resume", "plot", "report", "runs"),
    ),
    Growing(
        "rows of steps.csv",
        (1.25e6, 5e6),
        make_rows,
        lambda _: {"plot": ["plot", "one", "--only", "loss"], "report": ["report", "one"], "runs": ["runs"]},
        ("plot", "report", "runs"),
    ),
    Growing(
        "runs in one folder",
        (2_500, 10_000),
        make_runs,
        lambda _: {
            "runs": ["runs"],
            "runs again": ["runs"],
            "runs --json": ["runs", "--json"],
            "runs --sort": ["runs", "--sort", "val_rmse"],
            "runs --sort again": ["runs", "--sort", "val_rmse"],
            "evaluate": ["evaluate", "one"],
        },
        (),
        {"runs again": 1.0},
    ),
    Growing(
        "a CSV table",
        (1.0, 4.0),
        make_table,
        lambda _: {
            "train": ["train", "table.yaml", "--id", "one", "-q"],
            "predict": ["predict", "one", "table.csv", "-o", "predictions.csv"],
        },
        ("train", "predict"),
    ),
)


def measure_long(folder: Path) -> Iterator[tuple[Growing, dict[str, tuple[Cost, Cost]]]]:
    """What each command took at both sizes."""
    for number, growing in enumerate(GROWING):
        costs: dict[str, list[Cost]] = {}
        for size in growing.sizes:
            place = folder / f"{number}-{size:g}"
            place.mkdir()
            growing.make(place, size)
            for name, command in growing.commands(size).items():
                costs.setdefault(name, []).append(nnfs(place, *command))
            shutil.rmtree(place)
        yield growing, {name: (small, large) for name, (small, large) in costs.items()}


def long_part(folder: Path) -> tuple[str, list[Claim]]:
    """The text and claims about what grows."""
    lines, claims, started = [], [], perf_counter()
    for growing, costs in measure_long(folder):
        few, many = growing.sizes
        for name, (small, large) in costs.items():
            lines.append(
                (
                    f"{growing.what}: `{name}`",
                    f"{few:,g}, {many:,g}",
                    f"{small.seconds:.1f}, {large.seconds:.1f}",
                    f"{small.memory:.0f}, {large.memory:.0f}",
                )
            )
            what = f"{growing.what}, `{name}`"
            claims.append(
                Claim(f"time of {what}, to its size", large.seconds / small.seconds, 1.2 * many / few)
            )
            if name in growing.within:
                claims.append(
                    Claim(f"time of {what}, {many:,g}", large.seconds, growing.within[name], unit="s")
                )
            if name in growing.flat:
                claims.append(Claim(f"memory of {what}", large.memory - small.memory, 30.0, unit="MB"))
    about = f"Each command at two sizes, in seconds of a core; in all {perf_counter() - started:.0f} s."
    return f"{about}\n\n{table(('', 'sizes', 'seconds', 'memory, MB'), lines)}", claims
