"""One epoch of configs/mnist.yaml's network, nnfs against PyTorch eager.

The same 55,000 rows, shapes, loss, optimizer and batch size in both. PyTorch has its data as float32
tensors in memory and gathers each batch by an indexed tensor; it runs with one and with two threads
and is judged at its better. nnfs reads its bytes and scales them batch by batch, as it always does.
Before anything is timed, 20 steps from the same weights over the same batches must end in the same
weights in both.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from workers import Worker, interleave, report, serve

from nnfs_cli.config import load_config
from nnfs_cli.core.records import EpochReport, StepReport
from nnfs_cli.experiment import Experiment
from nnfs_cli.trainer import train

ROOT = Path(__file__).parent.parent
OURS = "nnfs, steps alone"
OVERRIDES = [f"dataset.path={ROOT / 'data' / 'mnist'}", "training.epochs=100000"]
STEPS_ALONE = ["training.log_every=1000000000", "metrics=[]"]


def experiment(*overrides: str) -> Experiment:
    """The shipped config's experiment, however long it is asked to train."""
    return Experiment(load_config(ROOT / "configs" / "mnist.yaml", [*OVERRIDES, *overrides]))


def work_nnfs(*, steps_alone: bool, threads: str) -> None:
    """Our side: epochs as `nnfs train` runs them, or without metrics, log and validation."""
    ours = experiment(f"training.threads={threads}", *(STEPS_ALONE if steps_alone else []))
    if steps_alone:
        splits = ours.data.splits
        object.__setattr__(ours.data, "splits", {k: v for k, v in splits.items() if k != "validation"})
    reports = train(ours)

    def epoch() -> None:
        next(report for report in reports if isinstance(report, EpochReport))

    serve(f"{ours.threads} BLAS thread(s)", epoch)


class TorchSide:
    """The same network in PyTorch, on the same rows."""

    def __init__(self, ours: Experiment, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        split = ours.data.splits["train"]
        weights = ours.network.params.arrays()
        self.torch = torch
        self.x = torch.from_numpy(split.x[split.rows].reshape(-1, 784).astype(np.float32) / 255)
        self.t = torch.from_numpy(split.t[split.rows].astype(np.int64))
        self.net: Any = torch.nn.Sequential(
            torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
        )
        with torch.no_grad():
            for layer, name in ((self.net[0], "1_dense"), (self.net[2], "3_dense")):
                layer.weight.copy_(torch.from_numpy(weights[f"{name}/W"].T))
                layer.bias.copy_(torch.from_numpy(weights[f"{name}/b"]))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)
        self.loss = torch.nn.CrossEntropyLoss()

    def step(self, rows: Any) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.net(self.x[rows]), self.t[rows]).backward()
        self.optimizer.step()

    def epoch(self) -> None:
        order = self.torch.randperm(len(self.x))
        for start in range(0, len(order), 64):
            self.step(order[start : start + 64])


def check_same_result() -> None:
    """Raise SystemExit unless both sides have the same weights after the same 20 steps."""
    ours = experiment("training.log_every=20")
    theirs = TorchSide(ours, 1)
    rows = ours.data.splits["train"].rows
    next(report for report in train(ours) if isinstance(report, StepReport))
    position = {row: i for i, row in enumerate(rows)}
    order = theirs.torch.tensor([position[row] for row in ours.progress.order[: 20 * 64]])
    for start in range(0, len(order), 64):
        theirs.step(order[start : start + 64])
    weights = ours.network.params.arrays()
    gap = max(
        float(np.abs(theirs.net[0].weight.detach().numpy().T - weights["1_dense/W"]).max()),
        float(np.abs(theirs.net[2].weight.detach().numpy().T - weights["3_dense/W"]).max()),
    )
    print(f"after 20 steps the weights differ by at most {gap:.1e}")
    if gap > 1e-5:
        raise SystemExit("the two sides do not compute the same")


def main() -> None:
    """Compare, or, as one of the workers, work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--worker", choices=["nnfs", "steps", "torch"])
    parser.add_argument("--threads", default="auto")
    arguments = parser.parse_args()
    if arguments.worker == "torch":
        theirs = TorchSide(experiment(), int(arguments.threads))
        serve(f"{arguments.threads} thread(s)", theirs.epoch)
    elif arguments.worker:
        work_nnfs(steps_alone=arguments.worker == "steps", threads=arguments.threads)
    else:
        print(describe())
        check_same_result()
        contestants = {
            OURS: ("steps", "auto"),
            "nnfs, with metrics, log, validation": ("nnfs", "auto"),
            "nnfs, steps alone, 1 thread": ("steps", "1"),
            "nnfs, steps alone, 2 threads": ("steps", "2"),
            "PyTorch, 1 thread": ("torch", "1"),
            "PyTorch, 2 threads": ("torch", "2"),
        }
        with ExitStack() as stack:
            workers = [
                stack.enter_context(Worker(name, Path(__file__), "--worker", side, "--threads", threads))
                for name, (side, threads) in contestants.items()
            ]
            print(f"the rule gives nnfs {workers[0].facts}")
            report(interleave(workers, arguments.repeats), OURS)


if __name__ == "__main__":
    main()
