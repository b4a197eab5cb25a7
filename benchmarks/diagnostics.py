"""What `training.diagnostics: true` costs: the part of a training's time that it spends looking."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table

from nnfs_cli import plots
from nnfs_cli.config.load import load_config
from nnfs_cli.jobs.diagnostics import Diagnostics
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.jobs.train import train_run
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment

ROOT = Path(__file__).parent.parent
TRAININGS = (("cubic", 5), ("cubic", 200), ("cubic", 2000), ("mnist", 1), ("mnist", 5), ("mnist-cnn", 1))
"""Configs, and their epochs."""
BOUND, SHORT = 5.0, 0.1


class Timed:
    """Diagnostics that count their own seconds: those of making them, of every look, and of saving."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.looks = 0

    def around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, timed."""

        def timed(*arguments: Any) -> Any:
            started = perf_counter()
            try:
                return method(*arguments)
            finally:
                self.seconds += perf_counter() - started

        return timed


def measure(name: str, epochs: int) -> tuple[float, float, int]:
    """The seconds of a training, those of diagnostics in it, and how often these looked.

    The scores and pictures at the end do not count.
    """
    overrides = [f"training.epochs={epochs}", "training.diagnostics=true"]
    experiment = Experiment(load_config(ROOT / "configs" / f"{name}.yaml", overrides))
    choose_engine(experiment)
    timed, before = Timed(), dict(vars(Diagnostics))
    for method in ("__init__", "see", "save"):
        setattr(Diagnostics, method, timed.around(before[method]))
    try:
        with tempfile.TemporaryDirectory() as folder:
            run = RunDirectory.create(Path(folder), experiment.config)
            started = perf_counter()
            for _ in train_run(experiment, run):
                ended = perf_counter()
            looks = len(run.arrays("diagnostics.npz")["step"])
    finally:
        for method in ("__init__", "see", "save"):
            setattr(Diagnostics, method, before[method])
    return ended - started, timed.seconds, looks


def _draw_nothing(run: RunDirectory) -> list[Path]:  # noqa: ARG001  it stands in for draw_essential
    return []


def section(repeats: int) -> Section:
    """The share of each training."""
    plots.draw_essential = _draw_nothing
    rows, claims = [], []
    for name, epochs in TRAININGS:
        rounds = [measure(name, epochs) for _ in range(max(repeats // 3, 1))]
        spent = median(looking for _, looking, _ in rounds)
        share = median(100 * looking / (whole - looking) for whole, looking, _ in rounds)
        what = f"configs/{name}.yaml, {epochs:,} epoch{'s' if epochs > 1 else ''}"
        rows.append((what, f"{rounds[0][2]}", f"{1e3 * spent:.1f}", f"{share:.1f} %"))
        if rounds[0][0] > SHORT:
            claims.append(Claim(f"diagnostics of {what}", share, BOUND, unit="%"))
    return Section(
        title="What diagnostics cost",
        about=(
            "The time that `training.diagnostics: true` spends making its twin network, looking, and saving, "
            "against all other time of the training, with its log and validation. A training of a few "
            "milliseconds cannot be looked at in 5 % of that; there it takes a few milliseconds itself."
        ),
        table=table(("", "looks", "ms", "of the rest"), rows),
        claims=claims,
    )


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    print(describe(), section(parser.parse_args().repeats).markdown(), sep="\n\n")


if __name__ == "__main__":
    main()
