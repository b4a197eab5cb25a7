"""Time and peak memory of reading Kaggle's digits: the first time, from the cache, and by pandas alone.

    python benchmarks/csv_read.py [--repeats 5]

The 76 MB train.csv is made from MNIST in a temporary folder. Each reading is a process of its own; the three
kinds take turns. The time is that of reading, without imports.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from machine import describe

from nnfs_cli.datasets.mnist import MNIST
from nnfs_cli.jobs.kaggle import write_sample

ROOT = Path(__file__).parent.parent
OURS = """
from nnfs_cli.datasets.csv import CSV
import pandas, numpy as np
data = CSV(path={path!r}, target="label", image_shape=(28, 28), scale=True)
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
        path = str(
            write_sample(MNIST(str(ROOT / "data/mnist")).load(np.random.default_rng(0)), Path(folder))[0]
        )
        print(f"{Path(path).stat().st_size / 1e6:.1f} MB, median of {repeats}")
        results: dict[str, list[list[float]]] = {
            "pandas.read_csv": [],
            "first time": [],
            "from the cache": [],
        }
        for repeat in range(repeats):
            cache = str(Path(folder, f"cache-{repeat}"))
            results["pandas.read_csv"].append(measure(PANDAS, path, cache))
            results["first time"].append(measure(OURS, path, cache))
            results["from the cache"].append(measure(OURS, path, cache))
    reference = np.median(results["pandas.read_csv"], axis=0)
    for name, numbers in results.items():
        seconds, megabytes = np.median(numbers, axis=0)
        ratio = f"{seconds / reference[0]:.3f} x pandas"
        print(f"{name:<16} {seconds:8.3f} s  {megabytes:6.0f} MB peak   {ratio}")


def measure(code: str, path: str, cache: str) -> list[float]:
    """The seconds of reading, and the peak memory of the process in MB."""
    program = code.format(path=path) + MEASURE
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
