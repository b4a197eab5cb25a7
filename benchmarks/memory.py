"""The peak memory of `nnfs train configs/mnist.yaml`, compared with the size of its data.

python benchmarks/memory.py [--repeats 3]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from report import Claim, Section, table

from nnfs_cli.config.load import load_config
from nnfs_cli.training.experiment import Experiment

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "configs" / "mnist.yaml"
EPOCHS = 3
OVERRIDES = [f"dataset.path={ROOT / 'data' / 'mnist'}", f"training.epochs={EPOCHS}"]
MB = 1e6
ROOM = 120.0
"""MB for Python, NumPy, plots and all else."""

LAUNCHER = """
import os, re, resource, subprocess, sys, time
def family(pid):
    yield pid
    for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
        yield from family(child)
def together(pid):
    try:
        texts = [open(f"/proc/{each}/smaps_rollup").read() for each in family(pid)]
    except OSError:  # one has ended meanwhile
        return 0
    return sum(int(kilobytes) for text in texts for kilobytes in re.findall(r"^Pss: *(\\d+)", text, re.M))
run, most = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL), 0
while run.poll() is None:
    most = max(most, together(run.pid))
    time.sleep(0.02)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, most)
sys.exit(run.returncode)
"""
"""Prints a command's peak memory, and on Linux the peak of it and its workers together, polled 50 times per
second. A process's peak includes its parent's memory when it was forked, so this parent is small.
"""


def section(repeats: int) -> Section:
    """Measure, and make the report's section."""
    experiment = Experiment(load_config(CONFIG, OVERRIDES))
    images = {id(split.x): split.x for split in experiment.data.splits.values()}.values()
    data = sum(x.nbytes for x in images) / MB
    buffers = batch_buffers(experiment) / MB
    bound = round(1.3 * data + buffers + ROOM, 1)
    peaks = [peak() for _ in range(repeats)]
    rows = [
        (f"1.3 x the images as {', '.join({str(x.dtype) for x in images})}", f"{1.3 * data:.1f}"),
        ("float arrays of both training batches", f"{buffers:.1f}"),
        ("all the rest", f"{ROOM:.1f}"),
        ("together", f"{bound:.1f}"),
        *((f"peak of run {i}", f"{alone:.1f}") for i, (alone, _) in enumerate(peaks, 1)),
        *((f"with workers, run {i}", f"{all_of_it:.1f}") for i, (_, all_of_it) in enumerate(peaks, 1)),
    ]
    return Section(
        title="Memory: MNIST",
        about=(
            f"Peak resident memory (`ru_maxrss`) of `nnfs train configs/mnist.yaml` with {EPOCHS} epochs: a "
            "process of its own, from the command line to the last plot; and the most that it and its worker "
            "processes hold together (proportional set size, which counts shared memory once). The data "
            "are the 70,000 images of training and test, 784 bytes each. The bound includes the float arrays "
            "of the two batch sizes in training. Those of evaluation, for 256 rows, are part of all else. "
            "1 MB is 10^6 bytes."
        ),
        table=table(("", "MB"), rows),
        claims=[Claim("peak memory of training on MNIST", max(map(max, peaks)), bound, unit="MB")],
    )


def batch_buffers(experiment: Experiment) -> int:
    """The bytes of all activations and gradients of a full batch, and of an epoch's last batch."""
    size, rows = experiment.config.training.batch_size, len(experiment.data.splits["train"])
    total = 0
    for n in {size, rows % size or size}:
        gradients = experiment.network.workspace(n).gradients
        memory = {gradient.ctypes.data: gradient.nbytes for gradient in gradients}  # views are counted once
        total += 2 * sum(memory.values())  # a gradient is as large as its activation
    return total


def peak() -> tuple[float, float]:
    """The peak memory of a training in MB: of its process, and of all its processes."""
    with tempfile.TemporaryDirectory() as runs:
        overrides = [word for override in OVERRIDES for word in ("--set", override)]
        train = [sys.executable, "-m", "nnfs_cli", "train", str(CONFIG), *overrides, "--runs", runs]
        launch = [sys.executable, "-c", LAUNCHER, *train]
        done = subprocess.run(launch, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    alone, together = (int(each) for each in done.stdout.split())
    return alone * (1 if sys.platform == "darwin" else 1024) / MB, together * 1024 / MB


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    print(describe())
    print(section(parser.parse_args().repeats).markdown())


if __name__ == "__main__":
    main()
