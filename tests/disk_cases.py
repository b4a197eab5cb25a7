"""A whole training on a disk that fails, in a child process, and what is left of it."""

import errno
import io
import os
import sys
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from nnfs_cli import plots
from nnfs_cli.cli.app import main
from nnfs_cli.plots.style import panels
from nnfs_cli.runs.directory import RunDirectory
from tests.disk import Fault, disk

CONFIG = """
name: tiny
dataset: {type: moons, samples: 40, validation: 0.25}
layers: [{type: dense, units: 3}, {type: dropout, rate: 0.1}, tanh, {type: dense, units: 2}]
loss: cross_entropy
metrics: [accuracy]
optimizer: {type: adam, learning_rate: 0.01}
training: {epochs: 2, batch_size: 20, log_every: 1, diagnostics: true, checkpoint_every: 0}
"""
CODES = (errno.ENOSPC, errno.EIO, errno.EACCES)
KILLED = -9
DRAW = plots.draw_essential
(SMALL,) = panels(["loss"], (1.0, 1.0))
NOT_COMPARED = (
    "seconds",
    "samples_per_second",
    "started",
    "resumed",
    "notes",
    "files",
    "threads",
    "checksum",
)
"""What differs between a run and its twin in the summary."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit status, or minus the signal; what it printed; what it did on the disk."""

    status: int
    text: str
    done: tuple[str, ...]


def command(root: Path, *arguments: str, fault: Fault | None = None) -> Outcome:
    """Run a command in a child process, with files in `root` on a disk with this fault."""
    out, log = root.with_name(f"{root.name}.out"), root.with_name(f"{root.name}.log")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks beside threads
        child = os.fork()
    if not child:
        _run(root, arguments, fault, out, log)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done = tuple(log.read_text().splitlines()) if log.exists() else ()
    log.unlink(missing_ok=True)
    return Outcome(status, out.read_text(errors="replace"), done)


def _run(root: Path, arguments: tuple[str, ...], fault: Fault | None, out: Path, log: Path) -> None:
    """What the child does. It never returns."""
    status = 1
    try:
        number = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(number, 1)
        os.dup2(number, 2)
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(k, "w", closefd=False)) for k in (1, 2))
        with disk(root, fault) as double, patch("sys.argv", ["nnfs", *arguments]), _one_picture():
            try:
                main()
                status = 0
            except SystemExit as error:
                status = error.code if isinstance(error.code, int) else int(error.code is not None)
        log.write_text("\n".join(double.done))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _one_picture() -> Any:
    """Training draws one small picture: true ones take longer than the rest."""
    small: Any = {"SOURCES": plots.SOURCES[:1], "_drawn": lambda *_: [("loss", SMALL)]}
    return patch.multiple(plots, draw_essential=DRAW, **small)


def content(run: RunDirectory) -> dict[str, Any]:
    """What a run holds, in a form that is equal for equal trainings."""
    found: dict[str, Any] = {}
    for name in ("weights", "snapshots", "diagnostics", "predictions", "inside"):
        found |= {f"{name}/{key}": _comparable(array) for key, array in run.arrays(f"{name}.npz").items()}
    for name in ("epochs", "steps"):
        columns = {key: column for key, column in run.table(f"{name}.csv").items() if key != "seconds"}
        found |= {f"{name}/{key}": _comparable(column) for key, column in columns.items()}
    summary = run.summary()
    summary["final"].pop("seconds")
    found |= {f"summary/{key}": each for key, each in summary.items() if key not in NOT_COMPARED}
    return found


def _comparable(array: Any) -> tuple[Any, ...]:
    array = np.asarray(array)
    return array.dtype.str, array.shape, array.tobytes()
