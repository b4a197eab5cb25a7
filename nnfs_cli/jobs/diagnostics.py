"""Records the diagnostics of a training, if its config asks for them: `training.diagnostics: true`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.series import Series
from nnfs_cli.training.diagnostics import Diagnoses
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.trace import Tracer

FILE = "diagnostics.npz"
ROWS = 64
"""Training rows that are looked at, the same ones each time: small against the steps between two looks."""
FIRST, SPACING, GROWTH = (0, 1, 10, 100), 400, 1.05
"""The steps that are looked at: these first ones; then each is SPACING steps after the last, or GROWTH times
as far, if that is more. So looks take less than 5 % of the time of a training longer
than a tenth of a second, and 100,000 epochs give a few hundred.
"""


class Diagnostics:
    """Looks at the step that comes next, after step 0, 1, 10, 100, ... and after the last one.

    It takes the step on the same few training rows each time, in a twin network.
    """

    def __init__(self, experiment: Experiment, run: RunDirectory, recorded: Mapping[str, Any]) -> None:
        self._experiment, self._tracer = experiment, Tracer(experiment)
        self._diagnoses = Diagnoses(self._tracer.network)
        rows = min(ROWS, experiment.config.training.batch_size)
        self._rows = experiment.data.splits["train"].sampled(rows)
        step = experiment.progress.step
        constants = {**self._diagnoses.constants(), "rows": np.array(len(self._rows))}
        self._series = Series(run, FILE, step, is_looked_at, recorded.get(FILE), constants)
        experiment.pause = step if is_looked_at(step) else next_look(step)

    def see(self) -> None:
        experiment, progress = self._experiment, self._experiment.progress
        settled = progress.position < len(progress.order)  # else the epoch is not closed yet
        due = progress.step == experiment.pause and settled
        if (due or experiment.finished) and progress.step not in self._series:
            self._look()
        if due:
            experiment.pause = next_look(progress.step)

    def _look(self) -> None:
        step, tracer = self._experiment.progress.step, self._tracer
        tracer.network.draws.seek(step * self._experiment.config.training.accumulate)
        with limit_blas(1):  # another number of threads may round differently
            self._series.add(step, **self._diagnoses.look(tracer, self._rows))

    def save(self) -> None:
        self._series.save()

    @property
    def recorded(self) -> Mapping[str, int]:
        return self._series.recorded


def next_look(step: int) -> int:
    """The first step after this one that is looked at."""
    look = next((first for first in FIRST if first > step), FIRST[-1])
    while look <= step:
        look = max(look + SPACING, round(GROWTH * look))
    return look


def is_looked_at(step: int) -> bool:
    """Whether this step is looked at in every training, however long it is."""
    return step == 0 or next_look(step - 1) == step
