"""What logging, the progress display and validation cost, compared with training steps alone.

The network of configs/mnist.yaml trains on 42,000 rows of MNIST, with that config's metrics and log, and with
validation at the end of each epoch. Each part is added to those before it; only the second validation, on
more rows, replaces the first.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table
from workers import Worker, interleave

from nnfs_cli.cli.progress import Bar
from nnfs_cli.cli.screen import Screen
from nnfs_cli.config.load import load_config
from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.train import train_run
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Report

ROOT = Path(__file__).parent.parent
ROWS = 42_000
EPOCHS = 3
"""Epochs per round: enough that what happens once or twice per second happens in every round."""

MORE_ROUNDS = 3
"""Factor of rounds: differences of 1 % must stand out from noise."""

VALIDATED = 1_000, 5_000
"""Rows: a usual part of 42,000, and the rows of configs/mnist.yaml's validation split."""

PARTS = [
    "steps alone",
    "+ metrics and log",
    "+ progress display",
    *(f"+ validation on {rows:,} rows" for rows in VALIDATED),
]


@DATASETS.register("mnist_42000")
@dataclass(frozen=True)
class Mnist42000(MNIST):
    """MNIST with 42,000 rows for training."""

    def load(self, rng: np.random.Generator) -> Data:
        data = super().load(rng)
        train = data.splits["train"]
        return replace(data, splits={**data.splits, "train": replace(train, rows=train.rows[:ROWS])})


def experiment(part: int) -> Experiment:
    """The experiment of one of PARTS, with more epochs than are used."""
    overrides = [
        f"dataset.path={ROOT / 'data' / 'mnist'}",
        "dataset.type=mnist_42000",
        f"dataset.validation={VALIDATED[part - 3] if part >= 3 else 0}",
        "training.epochs=100000",
        *(["training.log_every=1000000000", "metrics=[]"] if part == 0 else []),
    ]
    made = Experiment(load_config(ROOT / "configs" / "mnist.yaml", overrides))
    choose_engine(made)
    return made


def work(part: int, runs: Path) -> None:
    """Run rounds of epochs as a worker, with one of PARTS."""
    ours = experiment(part)
    if part == 0:
        reports: Iterator[Report] = train(ours)
    else:
        reports = train_run(ours, RunDirectory.create(runs, ours.config, f"part{part}"))
    view = Bar(ours, Screen(file=io.StringIO(), force_terminal=True, width=120))
    if part >= 2:
        stdout = sys.stdout
        view.__enter__()
        sys.stdout = stdout  # the display replaces it, but times are printed to it

    def epochs() -> None:
        left = EPOCHS
        while left:
            report = next(reports)
            if part >= 2:
                view.show(report)
            left -= isinstance(report, EpochReport)

    epochs()
    print(f"{ours.engine.blas_threads} BLAS thread(s)", flush=True)
    for _ in sys.stdin:
        started = perf_counter()
        epochs()
        print(perf_counter() - started, flush=True)


def section(repeats: int) -> Section:
    """The cost of each part, as a percentage of the steps' time."""
    with tempfile.TemporaryDirectory() as runs, ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(name, Path(__file__), "--worker", str(part), "--runs", runs))
            for part, name in enumerate(PARTS)
        ]
        threads, rounds = workers[0].facts, MORE_ROUNDS * repeats
        seconds = {
            name: [taken / EPOCHS for taken in rounds] for name, rounds in interleave(workers, rounds).items()
        }
    shares = {
        name: 100 * (median(values) / median(seconds[PARTS[0]]) - 1) for name, values in seconds.items()
    }
    rows = [
        (name, f"{median(values) * 1e3:.1f}", f"{min(values) * 1e3:.1f}", f"{shares[name]:.1f} %")
        for name, values in seconds.items()
    ]
    return Section(
        title="What logging, progress and validation cost",
        about=(
            f"784-128-10, ReLU, cross-entropy, SGD, batches of 64, {ROWS:,} rows of MNIST, {threads}: "
            f"an epoch's time, from the calmest {rounds} rounds of {EPOCHS} epochs in processes that take "
            "turns. Each line adds a part to those above: accuracy and Brier score of every epoch and of "
            "every 100th step, written to the run directory; the live display; scores of validation rows at "
            "every epoch's end, of 1,000 or else of 5,000. The steps have the epoch's loss with them. Shares "
            "are of the medians. Validation's matrix products on 5,000 rows are a 17th of the training's: "
            "these go forward once, where 42,000 go forward and back."
        ),
        table=table(("", "median, ms", "minimum, ms", "more than the steps"), rows),
        claims=[
            Claim(f"metrics, log, progress and validation on {rows:,} rows", shares[part], 3.0, unit="%")
            for rows, part in zip(VALIDATED, PARTS[3:], strict=True)
        ],
    )


def main() -> None:
    """Measure and print the section; or run as a worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--worker", type=int)
    parser.add_argument("--runs", type=Path)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        work(arguments.worker, arguments.runs)
    else:
        print(describe(), section(arguments.repeats).markdown(), sep="\n\n")


if __name__ == "__main__":
    main()
