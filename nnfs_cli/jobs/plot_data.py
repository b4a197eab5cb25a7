"""The arrays that the plots of an evaluated split are drawn from."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.class_data import class_arrays
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import Evaluation

PICTURE_ROWS = 5000
CURVE_POINTS = 500
GRID_POINTS = 240
"""Along each side of the grid over the plane of two inputs."""


def plot_data(experiment: Experiment, evaluation: Evaluation) -> dict[str, Array]:
    """The arrays for the plots of an evaluated split, by name; of a regression at most PICTURE_ROWS rows.

    Of classes, those of `class_arrays`. Of a regression target and prediction, real values (N, M).
    With one input, also x (N, 1), and over its whole range curve_x, curve_prediction and, if the target
    without noise is known, curve_truth.
    With two inputs and classes, also x (N, 2) and the arrays of `decision_grid`.
    """
    data, split = experiment.data, experiment.split(evaluation.split)
    target = split.targets[split.rows]
    prediction = experiment.predictions(evaluation.outputs)
    if data.classes:
        arrays = class_arrays(experiment, evaluation.split, prediction)
        if data.input_shape == (2,):
            x = split.x[split.rows]
            arrays |= {"x": experiment.in_raw_units(x), **decision_grid(experiment, x)}
        return arrays
    some = np.linspace(0, len(split) - 1, min(len(split), PICTURE_ROWS)).astype(np.intp)
    arrays = {"target": target[some], "prediction": prediction[some]}
    if data.input_shape == (1,):
        x = split.x[split.rows]
        curve = np.linspace(x.min(), x.max(), CURVE_POINTS, dtype=x.dtype).reshape(-1, 1)
        z = outputs(experiment, Split(curve, np.zeros_like(curve), np.arange(len(curve))))
        raw = experiment.in_raw_units(curve)
        arrays |= {
            "x": experiment.in_raw_units(x[some]),
            "curve_x": raw,
            "curve_prediction": experiment.predictions(z),
        }
        if data.truth is not None:
            arrays["curve_truth"] = data.truth(raw)
    return arrays


def decision_grid(experiment: Experiment, x: Array) -> dict[str, Array]:
    """The network's predictions on a grid over the plane of the rows x (N, 2), by name.

    grid_x, grid_y: the grid's two axes (G,), in raw units, with a margin around the data.
    grid_prediction: the class at each point, (G, G); its rows go along grid_y.
    grid_confidence: the largest output at each point; a probability if the loss gives probabilities.
    """
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    # Around a constant, float32 needs a margin that it can tell apart from the constant.
    margin = np.where(high > low, 0.1 * (high - low), np.maximum(1.0, 1e-3 * np.abs(low)))
    axes = np.linspace(low - margin, high + margin, GRID_POINTS).astype(experiment.network.dtype)
    points = np.stack(np.meshgrid(*axes.T), axis=-1).reshape(-1, 2)
    everywhere = Split(points, np.zeros(len(points), np.intp), np.arange(len(points)))
    predicted = experiment.loss.predict(outputs(experiment, everywhere))
    grid_x, grid_y = experiment.in_raw_units(axes).T
    return {
        "grid_x": grid_x,
        "grid_y": grid_y,
        "grid_prediction": predicted.argmax(axis=1).reshape(GRID_POINTS, GRID_POINTS),
        "grid_confidence": predicted.max(axis=1).reshape(GRID_POINTS, GRID_POINTS),
    }
