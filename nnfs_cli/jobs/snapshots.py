"""Records how the fit grew, for its pictures: snapshots.npz."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.jobs.plot_data import curve, decision_grid, surface
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.series import Series
from nnfs_cli.training.evaluation import outputs, predicted_classes
from nnfs_cli.training.experiment import Experiment

FILE = "snapshots.npz"
ROWS, CURVE_POINTS, GRID_POINTS, MOST_OUTPUTS = 500, 200, 64, 4
"""A snapshot is small: of so many rows, of a curve or a grid with so many points, of so many outputs."""
CONSTANT = ("curve_x", "curve_truth", "grid_x", "grid_y", "grid_truth")


class Snapshots:
    """Takes a snapshot of the predictions before training, after epochs 1, 2, 3, 4, 6, 8, 11, 16, ..., and
    after the last one.

    The rows are those of the validation split, or else of the training split. The file holds

    step, epoch (T,).   loss (T,): of these rows.   prediction (T, R) of classes, or (T, R, M).
    target (R,) or (R, M).   x (R, D): the rows, where they have one or two inputs.
    With one input and real values: curve_x (G, 1), curve_prediction (T, G, M); curve_truth (G, M) if known.
    With two inputs: grid_x, grid_y (G,), and grid_prediction, grid_confidence (T, G, G) of classes, or
    grid_value (T, G, G, M).
    """

    def __init__(self, experiment: Experiment, run: RunDirectory, recorded: Mapping[str, Any]) -> None:
        self._experiment = experiment
        splits = experiment.data.splits
        whole = splits["validation" if "validation" in splits else "train"]
        self._rows = Split(whole.x, whole.t, whole.sampled(ROWS), whole.own_targets)
        self._series = Series(
            run, FILE, experiment.progress.step, self._belongs, recorded.get(FILE), self._constants()
        )

    def see(self) -> None:
        progress = self._experiment.progress
        at_an_end = progress.position == 0 and (is_pictured(progress.epoch) or self._experiment.finished)
        if at_an_end and progress.step not in self._series:
            self._series.add(progress.step, **self._snapshot())

    def save(self) -> None:
        self._series.save()

    @property
    def recorded(self) -> Mapping[str, int]:
        return self._series.recorded

    def _belongs(self, step: int) -> bool:
        epoch, rest = divmod(step, self._experiment.steps_per_epoch)
        return rest == 0 and is_pictured(epoch)

    def _constants(self) -> dict[str, Array]:
        rows = self._rows
        constants = {"target": rows.targets[rows.rows]}
        if not self._experiment.data.classes:
            constants["target"] = constants["target"][:, :MOST_OUTPUTS]
        if self._experiment.data.input_shape in ((1,), (2,)):
            constants["x"] = self._experiment.in_raw_units(rows.x[rows.rows])
        drawn = self._drawn()
        return {
            **constants,
            **{name: drawn[name] for name in ("curve_x", "grid_x", "grid_y") if name in drawn},
        }

    @limit_blas(1)  # another number of threads may round differently
    def _snapshot(self) -> dict[str, Array]:
        experiment, rows = self._experiment, self._rows
        with experiment.descent.averaged(), np.errstate(over="ignore", invalid="ignore"):
            z = outputs(experiment, rows)
            p = experiment.predictions(z)
            drawn = self._drawn()
            loss = experiment.loss.value(z, rows.t[rows.rows])
        classes = bool(experiment.data.classes)
        return {
            "epoch": np.array(experiment.progress.epoch),
            "loss": np.array(loss),
            "prediction": predicted_classes(p) if classes else p[:, :MOST_OUTPUTS],
            **{name: array for name, array in drawn.items() if name not in CONSTANT},
        }

    def _drawn(self) -> dict[str, Array]:
        """The curve or the grid that the network answers now, if it has one or two inputs."""
        experiment, x = self._experiment, self._rows.x[self._rows.rows]
        shape, classes = experiment.data.input_shape, experiment.data.classes
        if shape == (1,) and not classes:
            arrays = curve(experiment, x, CURVE_POINTS)
            return {**arrays, "curve_prediction": arrays["curve_prediction"][:, :MOST_OUTPUTS]}
        if shape == (2,) and not classes:
            arrays = surface(experiment, x, GRID_POINTS)
            return {**arrays, "grid_value": arrays["grid_value"][..., :MOST_OUTPUTS]}
        if shape == (2,):
            arrays = decision_grid(experiment, x, GRID_POINTS)
            return {
                **arrays,
                "grid_prediction": arrays["grid_prediction"].astype(np.int16),
                "grid_confidence": arrays["grid_confidence"].astype(np.float32),
            }
        return {}


def is_pictured(epoch: int) -> bool:
    """Whether a snapshot is taken after this epoch in every training: 0, 1, 2, 3, 4, 6, 8, 11, 16, 23, ...

    Those are the powers of the square root of 2, rounded.
    """
    return epoch == 0 or epoch in (round(2 ** (k / 2)) for k in range(2 * epoch.bit_length() + 1))
