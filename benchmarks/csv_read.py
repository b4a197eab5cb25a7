"""Time and peak memory of reading tables: the first time, from the cache, and by pandas alone.

    python benchmarks/csv_read.py [--repeats 5]

The tables are made in a temporary folder: Kaggle's digits (76 MB, from MNIST), fractions, fractions beside
texts, and these with quotes. Each reading is a process of its own; the three kinds take turns. The time is
that of reading, without imports. Ours includes all checks and the normalization. From some version on, pandas
alone uses threads.
"""

import argparse
import csv
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe

from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.jobs.kaggle import write_sample

ROOT = Path(__file__).parent.parent
ROWS = 380_000
KINDS = ("pandas.read_csv", "first time", "from the cache")
OURS = """
from nnfs_cli.datasets.csv import CSV
import pandas, numpy as np
data = CSV(path={path!r}, **{options!r})
def read(): return data.load(np.random.default_rng(0))
"""
PANDAS = """
import pandas
def read(): return pandas.read_csv({path!r})
"""
MEASURE = """
import json, resource, time
start = time.perf_counter()
table = read()
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a child's peak would begin at our memory
            made = pool.apply(tables, (Path(folder),))
        for name, (path, options) in made.items():
            results: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
            for repeat in range(repeats):
                cache = str(Path(folder, f"cache-{repeat}"))
                for kind in KINDS:
                    code = PANDAS if kind == KINDS[0] else OURS
                    results[kind].append(measure(code, path, options, cache))
            print(f"{name}, {Path(path).stat().st_size / 1e6:.1f} MB, median and least of {repeats}")
            show(results)


def show(results: dict[str, list[list[float]]]) -> None:
    """Print seconds, memory and ratios."""
    reference = np.array(results[KINDS[0]])[:, 0]
    for kind, numbers in results.items():
        seconds, megabytes = np.array(numbers).T
        ratios = np.median(seconds) / np.median(reference), seconds.min() / reference.min()
        print(
            f"  {kind:<16} {np.median(seconds):7.3f} {seconds.min():7.3f} s {np.median(megabytes):6.0f} MB   "
            f"{ratios[0]:.3f} and {ratios[1]:.3f} x pandas"
        )


def tables(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """The path and the options of each table."""
    import pandas as pd

    digits = write_sample(MNIST(str(ROOT / "data/mnist")).load(np.random.default_rng(0)), folder)[0]
    made = {"pixels": (str(digits), {"target": "label", "image_shape": (28, 28), "scale": True})}
    rng = np.random.default_rng(0)
    fractions = (
        pd.DataFrame(rng.standard_normal((ROWS, 11)).round(6)).add_prefix("x").rename(columns={"x10": "y"})
    )
    texts = {name: rng.choice(["Rome", "Paris", "Berlin", "Oslo"], ROWS) for name in ("x7", "x8", "y")}
    for name, frame, quoted in (
        ("fractions", fractions, False),
        ("texts", fractions.assign(**texts), False),
        ("quotes", fractions.assign(**texts), True),
    ):
        path = str(folder / f"{name}.csv")
        frame.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL)
        made[name] = (path, {"target": "y", "standardize": True})
    return made


def measure(code: str, path: str, options: dict[str, Any], cache: str) -> list[float]:
    """The seconds of reading, and the peak memory of the process in MB."""
    program = code.format(path=path, options=options) + MEASURE
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "NNFS_CACHE": cache},
    )
    seconds, megabytes = json.loads(done.stdout)
    return [seconds, megabytes]


if __name__ == "__main__":
    main()
