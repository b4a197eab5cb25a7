"""What logging, the progress display and scoring cost, compared with training steps alone.

The network of configs/mnist.yaml trains on 42,000 rows of MNIST, with that config's metrics and log, and with
validation on 5,000 rows at the end of each epoch. One training does all: in turn it takes some epochs of
steps alone, with metrics and log, with the display, and with validation. So all have the same arrays and the
same neighbors, and differences of a turn's rounds count.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table
from yardstick import Yardstick

from nnfs_cli.cli.progress import Bar
from nnfs_cli.cli.screen import Screen
from nnfs_cli.config.load import load_config
from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.train import train_run
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.speed.inference import ThreadInference
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport, Report

ROOT = Path(__file__).parent.parent
ROWS, VALIDATED = 42_000, 5_000
EPOCHS = 10
"""Epochs per round: so many that the display is drawn in each."""

WARM_UP, AT_MOST_SECONDS = 12, 240
STEPS, LOG, DISPLAY, VALIDATION = PARTS = (
    "steps alone",
    "+ metrics and log",
    "+ progress display",
    f"+ validation on {VALIDATED:,} rows",
)
PRODUCTS = "bare products of validation"
SHARE = 2.0
"""Percent of the steps' time that all this may take beyond the bare products."""


@DATASETS.register("mnist_42000")
@dataclass(frozen=True)
class Mnist42000(MNIST):
    """MNIST with 42,000 rows for training."""

    def load(self, rng: np.random.Generator) -> Data:
        data = super().load(rng)
        train = data.splits["train"]
        return replace(data, splits={**data.splits, "train": replace(train, rows=train.rows[:ROWS])})


class Training:
    """A training whose epochs do as much as one of PARTS."""

    def __init__(self, runs: Path) -> None:
        overrides = [
            f"dataset.path={ROOT / 'data' / 'mnist'}",
            "dataset.type=mnist_42000",
            f"dataset.validation={VALIDATED}",
            "training.epochs=100000",
        ]
        self._ours = ours = Experiment(load_config(ROOT / "configs" / "mnist.yaml", overrides))
        choose_engine(ours)
        self._data, self._metrics = ours.data, ours.metrics
        self._recorded = train_run(ours, RunDirectory.create(runs, ours.config, "overhead"))
        next(self._recorded)  # it begins with the config's log
        options = ours.config.training
        ours.config = replace(ours.config, training=replace(options, log_every=10**9))
        self._bare = train(ours)  # both go on from the same state, wherever an epoch ends
        self._view = Bar(ours, Screen(file=io.StringIO(), force_terminal=True, width=120))
        stdout = sys.stdout
        self._view.__enter__()
        sys.stdout = stdout  # the display replaces it
        self.products = Products(ours)
        self._epochs(self._recorded, WARM_UP, shows=True)

    def round(self, part: str) -> float:
        """Train EPOCHS epochs; the seconds of one."""
        ours = self._ours
        splits = {key: each for key, each in self._data.splits.items() if key != "validation"}
        ours.data = self._data if part == VALIDATION else replace(self._data, splits=splits)
        ours.metrics = {} if part == STEPS else self._metrics
        reports = self._bare if part == STEPS else self._recorded
        started = perf_counter()
        self._epochs(reports, EPOCHS, shows=part in (DISPLAY, VALIDATION))
        return (perf_counter() - started) / EPOCHS

    def _epochs(self, reports: Iterator[Report], count: int, *, shows: bool) -> None:
        while count:
            report = next(reports)
            if shows:
                self._view.show(report)
            count -= isinstance(report, EpochReport)

    @property
    def threads(self) -> int:
        return self._ours.engine.blas_threads


class Products:
    """The matrix products of validation and nothing else, on as many threads as the engine's inference."""

    def __init__(self, ours: Experiment) -> None:
        batches = list(slices(VALIDATED, ours.network.evaluation_batch_size))
        self._threads = ThreadInference(ours.network, "auto").count(batches)
        self._shares = [batches[rank :: self._threads] for rank in range(self._threads)]
        weights = [array for array in ours.network.params.arrays().values() if array.ndim == 2]
        size = batches[0].stop
        self._chains: list[list[tuple[Array, Array, Array]]] = []
        for _ in self._shares:
            x, chain = np.ones((size, len(weights[0])), np.float32), []
            for W in weights:
                y = np.empty((size, W.shape[1]), np.float32)
                chain.append((x, W, y))
                x = y
            self._chains.append(chain)
        self._pool = ThreadPoolExecutor(self._threads)

    def round(self) -> float:
        """Compute them EPOCHS times; the seconds of one time."""
        with limit_blas(1):
            started = perf_counter()
            for _ in range(EPOCHS):
                list(self._pool.map(self._compute, self._chains, self._shares))
            return (perf_counter() - started) / EPOCHS

    @staticmethod
    def _compute(chain: Sequence[tuple[Array, Array, Array]], batches: Sequence[slice]) -> None:
        for rows in batches:
            n = rows.stop - rows.start
            for x, W, y in chain:
                x[:n].dot(W, y[:n])


def turns(training: Training, repeats: int) -> list[dict[str, float]]:
    """The seconds of an epoch for each of PARTS, and of PRODUCTS; the calmest of many turns."""
    yardstick, until = Yardstick(), perf_counter() + AT_MOST_SECONDS
    done: list[tuple[float, dict[str, float]]] = []
    while len(done) < repeats or (
        perf_counter() < until and sum(yardstick.is_calm(reading) for reading, _ in done) < repeats
    ):
        readings, seconds = [yardstick.read()], dict[str, float]()
        for part in PARTS if len(done) % 2 else reversed(PARTS):
            seconds[part] = training.round(part)
            readings.append(yardstick.read())
        seconds[PRODUCTS] = training.products.round()
        done.append((max(readings), seconds))
    done.sort(key=lambda each: each[0])
    return [seconds for _, seconds in done[:repeats]]


def section(repeats: int) -> Section:
    """The cost of each part, as a percentage of the steps' time."""
    with tempfile.TemporaryDirectory() as runs:
        training = Training(Path(runs))
        rounds = turns(training, repeats)

    def share(more: str, less: str) -> float:
        """The median of differences, which are of the same turn, to the steps' time; in percent."""
        steps = median(each[STEPS] for each in rounds)
        return 100 * median(each[more] - each[less] for each in rounds) / steps

    before = dict(zip(PARTS[1:], PARTS, strict=False))
    rows = [
        (
            name,
            f"{median(each[name] for each in rounds) * 1e3:.2f}",
            f"{min(each[name] for each in rounds) * 1e3:.2f}",
            f"{share(name, before[name]):.2f} %" if name in before else "",
        )
        for name in (*PARTS, PRODUCTS)
    ]
    for each in rounds:
        each["beyond"] = each[VALIDATION] - each[PRODUCTS]
    return Section(
        title="What logging, progress and scoring cost",
        about=(
            f"784-128-10, ReLU, cross-entropy, SGD, batches of 64, {ROWS:,} rows of MNIST, "
            f"{training.threads} BLAS thread(s): an epoch's time, from the calmest {repeats} turns. In each "
            f"turn one training takes {EPOCHS} epochs with each part, one after the other. Each line adds a "
            "part to those above: accuracy and Brier score of every epoch and of every 100th step, written "
            "to the run directory; the live display; scores of validation rows at every epoch's end. The "
            "steps have the epoch's loss with them. Shares are medians of differences in the same turn. The "
            "bare products are those of validation, as inference computes them: batches of 256, on as many "
            "threads."
        ),
        table=table(("", "median, ms", "minimum, ms", "of the steps' time"), rows),
        claims=[
            Claim("metrics and log, of the steps' time", share(LOG, STEPS), SHARE, unit="%"),
            Claim("progress display", share(DISPLAY, LOG), SHARE, unit="%"),
            Claim(
                "metrics, log, display and validation, beyond its bare products",
                share("beyond", STEPS),
                SHARE,
                unit="%",
            ),
        ],
    )


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    print(describe(), section(arguments.repeats).markdown(), sep="\n\n")


if __name__ == "__main__":
    main()
