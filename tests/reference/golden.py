"""Golden values: the results of the first steps of every shipped config. Restructuring must change none.

    python -m tests.reference.golden

records them anew in golden.json, by the plain engine.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.load import load_config
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport

STEPS = 20
FILE = Path(__file__).with_name("golden.json")
CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(
    path.stem for path in CONFIGS.glob("*.yaml") if path.stem not in ("digits-csv", "fashion-mnist")
)
"""The shipped configs whose data are in the repository."""


def build(name: str) -> Experiment:
    """A shipped config's experiment, which reports every step. Its paths start at the repository's root."""
    return Experiment(load_config(CONFIGS / f"{name}.yaml", ["training.log_every=1"]))


def first_steps(experiment: Experiment) -> dict[str, Any]:
    """The losses of the first steps; after them, for each parameter, the sums of |w| and of w^2."""
    losses: list[float] = []
    for report in train(experiment):
        if isinstance(report, StepReport):
            losses.append(report.loss)
        if len(losses) == STEPS:
            break
    sums = {
        name: [float(np.abs(array).sum(dtype=np.float64)), float(np.square(array).sum(dtype=np.float64))]
        for name, array in experiment.network.params.arrays().items()
    }
    return {"losses": losses, "sums": sums}


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: first_steps(build(name)) for name in NAMES}, indent=1) + "\n")
