"""Short trainings by the plain engine, on rows that a check chooses."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.errors import DivergenceError
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport

CHECKPOINTS = 8
"""How often held-out rows are scored in a short training: after 1, ..., 1/4, 1/2 and all of its steps."""

WORK = 3e10
"""Multiplications and additions of one short training: a few seconds."""
FEWEST_STEPS, MOST_STEPS = 40, 1500
FOREVER = 10**6
"""Epochs: `learn` says how many steps there are."""


class Rows(Dataset):
    """Data that are already loaded. No config can name it."""

    type_name = "rows"
    data: Data

    @classmethod
    def of(cls, data: Data) -> "Rows":
        rows = cls()
        rows.data = data
        return rows

    def options(self) -> dict[str, Any]:
        return {}

    def load(self, rng: np.random.Generator) -> Data:
        return self.data


def rows_of(split: Split, rows: Array, t: Array | None = None) -> Split:
    """A split of its own with copies of these rows (N,), perhaps with other targets t (N, ...)."""
    return Split(np.array(split.x[rows]), np.array(split.t[rows] if t is None else t), np.arange(len(rows)))


def on_rows(config: ExperimentConfig, data: Data, train: Split, **changes: Any) -> Experiment:
    """The config's experiment with these training rows alone, without augmentation and metrics."""
    inside = replace(data, splits={"train": train}, augment=None, notes=(), filled={})
    options: dict[str, Any] = {"monitor": "val_loss", "patience": 0, "log_every": 1, "epochs": FOREVER}
    options |= {"on_divergence": "stop", "budget": None}
    options["batch_size"] = min(config.training.batch_size, len(train))
    training = replace(config.training, **options, **changes.pop("training", {}))
    return Experiment(replace(config, dataset=Rows.of(inside), metrics=(), training=training, **changes))


def affordable_steps(experiment: Experiment) -> int:
    """How many steps a short training has. It follows from shapes alone, so that the verdicts do, too."""
    network = experiment.network
    work = sum(
        sum(param.size for param in layer.params().values()) * math.prod(shape[1:])
        for layer, shape in zip(network.layers, network.shapes[1:], strict=True)
    )
    rows = experiment.config.training.batch_size * experiment.config.training.accumulate
    return int(np.clip(WORK / (6 * max(work, 1) * rows), FEWEST_STEPS, MOST_STEPS))


@dataclass(frozen=True, eq=False)
class Learned:
    """A short training.

    losses: (S,) of each step's batch.   diverged: whether the loss became infinite or not a number.
    outputs: by step, (N, M) those for the held-out rows.
    """

    losses: Array
    diverged: bool
    outputs: dict[int, Array]

    @property
    def start(self) -> float:
        return float(self.losses[:1].mean()) if len(self.losses) else math.nan

    @property
    def end(self) -> float:
        """The mean loss of the last tenth of the steps; infinite where training diverged."""
        if self.diverged or not len(self.losses):
            return math.inf
        return float(self.losses[-max(len(self.losses) // 10, 1) :].mean())


def learn(
    experiment: Experiment,
    steps: int,
    held_out: Split | None = None,
    see: Callable[[int], None] | None = None,
    stop: int | None = None,
    enough: float = -math.inf,
) -> Learned:
    """Train so many steps, with the schedule stretched to these; score held-out rows in between.

    see: is called before each step with its number.
    stop, enough: the step after which to stop earlier, and the loss at which to.
    """
    epochs = math.ceil(steps / experiment.steps_per_epoch)
    training = replace(experiment.config.training, epochs=max(epochs, 1))
    experiment.config = replace(experiment.config, training=training)
    stops = {max(steps >> k, 1) for k in range(CHECKPOINTS)}
    losses: list[float] = []
    outputs: dict[int, Array] = {}
    diverged = False
    with limit_blas(1):
        if see is not None:
            see(0)
        reports = train(experiment)
        try:
            for report in reports:
                if not isinstance(report, StepReport):
                    continue
                losses.append(report.loss)
                if held_out is not None and report.step in stops:
                    outputs[report.step] = experiment.engine.infer(held_out).copy()
                if report.step >= (stop or steps) or report.loss <= enough:
                    break
                if see is not None:
                    see(report.step)
        except DivergenceError:
            diverged = True
        finally:
            reports.close()
    return Learned(np.array(losses), diverged, outputs)
