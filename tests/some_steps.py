"""Train some steps of configs in a process of its own, and print a hash of the results.

    python -m tests.some_steps HOW FOLDER CONFIG...

HOW is one of `test_cores.WAYS`. FOLDER keeps states between two calls. CONFIG is a path and overrides.
"""

import hashlib
import itertools
import json
import os
import sys
from pathlib import Path

if sys.argv[1].startswith("one core") and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

from nnfs_cli.config.load import load_config
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.speed.gauge import Gauge
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport

STEPS, SWITCH = 6, 3
"""The step at which it ends, and the one at which it saves its state or changes its workers."""


def some_steps(how: str, config: str, file: Path) -> tuple[int, str]:
    """The parts, and a hash of the state and a split's outputs after some steps."""
    path, *overrides = config.split()
    experiment = Experiment(load_config(Path(path), ["training.log_every=1", *overrides]))
    choose_engine(experiment)
    engine = experiment.engine
    if how.endswith("resumed"):
        experiment.load_state(dict(np.load(file)), str(file))
    for report in train(experiment):
        if isinstance(report, StepReport) and report.step == SWITCH:
            if how == "two cores":
                np.savez(file, allow_pickle=False, **experiment.state())
            if how.endswith("one worker") and engine.parts > 1:
                engine.use_workers(1)  # type: ignore[attr-defined]  # of engines that cut batches
        if isinstance(report, StepReport) and report.step == STEPS:
            break
    digest = hashlib.sha256()
    for key, array in sorted(experiment.state().items()):
        if key != "progress/seconds":
            digest.update(key.encode() + array.tobytes())
    smallest = min(experiment.data.splits, key=lambda name: len(experiment.split(name)))
    digest.update(evaluate(experiment, smallest).outputs.tobytes())
    return engine.parts, digest.hexdigest()


if __name__ == "__main__":
    how, folder, *configs = sys.argv[1:]
    shares = itertools.cycle([True, False, False] if how.endswith("busy at times") else [True])
    setattr(Gauge, "says_share", lambda _: next(shares))  # noqa: B010  mypy would mind an assignment
    found = [some_steps(how, config, Path(folder) / f"{i}.npz") for i, config in enumerate(configs)]
    print(json.dumps(found))  # noqa: T201  what test_cores reads
