"""How long the command line takes to start, and a short training without its training loop."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table

ROOT = Path(__file__).parent.parent
EMPTY = "import typer\napp = typer.Typer()\n@app.command()\ndef main() -> None: ...\napp()\n"
RUNS = 50
TRAINING = "everything but the training loop of `nnfs train configs/cubic.yaml`"


class Starter:
    """Runs commands in processes of their own. Their first run writes bytecode to `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nnfs = [sys.executable, "-m", "nnfs_cli"]
        # Users have bytecode after the first start. Write it here too, even if the environment forbids it.
        self._environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def seconds(self, *command: str) -> float:
        """The seconds of a run of a command, as a whole process."""
        started = perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=self._environment)
        return perf_counter() - started

    def train(self) -> float:
        """The seconds of a training with its plots, without those of its loop."""
        runs = self.folder / "trained"
        seconds = self.seconds(*self.nnfs, "train", "configs/cubic.yaml", "--runs", str(runs))
        newest = max(runs.iterdir(), key=lambda run: (run / "summary.json").stat().st_mtime_ns)
        return seconds - float(json.loads((newest / "summary.json").read_text())["seconds"])

    def make_runs(self) -> Path:
        """Make a folder with many short runs."""
        runs = self.folder / "runs"
        self.seconds(
            *self.nnfs, "train", "configs/cubic.yaml", "--set", "training.epochs=3", "--runs", str(runs)
        )
        (run,) = runs.iterdir()
        for i in range(1, RUNS):
            copy = runs / f"{run.name}-{i + 1}"
            copy.mkdir()
            for name in ("config.yaml", "summary.json"):
                (copy / name).write_bytes((run / name).read_bytes())
        return runs


def measure(repeats: int) -> dict[str, list[float]]:
    """The seconds of all contestants, which take turns `repeats` times. A first turn does not count."""
    with tempfile.TemporaryDirectory() as folder:
        start = Starter(Path(folder))
        empty = start.folder / "empty.py"
        empty.write_text(EMPTY)
        runs = start.make_runs()
        contestants: Mapping[str, Callable[[], float]] = {
            "an empty Typer app, --help": lambda: start.seconds(sys.executable, str(empty), "--help"),
            "`nnfs --help`": lambda: start.seconds(*start.nnfs, "--help"),
            f"`nnfs runs`, {RUNS} runs": lambda: start.seconds(*start.nnfs, "runs", "--runs", str(runs)),
            TRAINING: start.train,
        }
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        for i in range(repeats + 1):
            for name, run in contestants.items():
                taken = run()
                if i:
                    seconds[name].append(taken)
        return seconds


def section(repeats: int) -> Section:
    """Measure starts, compared with an empty Typer app, and a short training; make the section."""
    seconds = measure(repeats)
    empty, ours, _, training = map(median, seconds.values())
    rows = [
        (name, f"{median(values):.3f}", f"{min(values):.3f}", f"{max(values):.3f}")
        for name, values in seconds.items()
    ]
    return Section(
        title="Start-up",
        about=(
            "Seconds of whole processes, seen from outside, in turn; bytecode is there, as it is on every "
            "start but the first. A training of 14,000 steps on 200 rows, each step logged, is timed with "
            "its three plots; the seconds of its loop, from its summary, are subtracted."
        ),
        table=table(("", "median, s", "minimum, s", "maximum, s"), rows),
        claims=[
            Claim("`nnfs --help` against an empty Typer app", ours / empty, 1.2),
            Claim(TRAINING, training, 2.5, unit="s"),
        ],
    )


def main() -> None:
    """Measure, and print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    print(describe(), section(parser.parse_args().repeats).markdown(), sep="\n\n")


if __name__ == "__main__":
    main()
