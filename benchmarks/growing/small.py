"""What a step of a small network costs besides its arithmetic."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from report import Claim, table
from threadpoolctl import ThreadpoolController
from workers import Worker, interleave, serve

from growing import SCRIPT
from growing.files import write_rows
from nnfs_cli.config.load import parse_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.layout import rows_array
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport


class Small(NamedTuple):
    """A small network, and the number of NumPy calls that the equations of a step need.

    calls: these numbers, by what the calls do. `dot` is a call of BLAS: a product, or a sum over rows.
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
    """Run as a worker: a round is the steps of an epoch."""
    small = SMALL[name]
    text = f"name: small\n{small.config.replace('FOLDER', str(folder))}" + (
        "optimizer: {type: sgd, learning_rate: 0.001}\n"
        f"training: {{epochs: 1000000, batch_size: {small.batch_size}, log_every: 1000000000, threads: 1}}\n"
    )
    ours = Experiment(parse_config(text, "small.yaml", ()))
    choose_engine(ours)
    reports = train(ours)
    serve("steps", lambda: next(None for report in reports if isinstance(report, EpochReport)))


def work_blas(name: str) -> None:
    """Run as a worker: a round is the BLAS calls of REPEATED steps, on arrays in a network's order."""
    small, calls = SMALL[name], list[Callable[[], object]]()
    n, rng = small.batch_size, np.random.default_rng(0)
    arrays = [[rows_array(n, (width,), "float32") for width in small.widths] for _ in range(2)]
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
    """Set BLAS to one thread, as nnfs does for steps this small."""
    return ThreadpoolController().limit(limits=1, user_api="blas")


def measure_small(folder: Path, repeats: int) -> dict[str, tuple[float, float]]:
    """For each network the seconds of a step, and of its BLAS calls alone.

    The fastest round counts: other programs disturb both, and the difference would not cancel this out.
    """
    write_rows(folder, STEPS_ROWS, 784)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                Worker(f"{name} {kind}", SCRIPT, "--work", kind, "--folder", str(folder), "--net", name)
            )
            for name in SMALL
            for kind in ("steps", "blas")
        ]
        rounds = {name: min(seconds) for name, seconds in interleave(workers, repeats).items()}
    return {
        name: (rounds[f"{name} steps"] / (STEPS_ROWS / small.batch_size), rounds[f"{name} blas"] / REPEATED)
        for name, small in SMALL.items()
    }


def small_part(seconds: Mapping[str, tuple[float, float]]) -> tuple[str, list[Claim]]:
    """The text and claims about small steps."""
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
