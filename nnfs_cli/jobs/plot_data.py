"""The arrays that the plots of an evaluated split are drawn from: predictions.npz."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.jobs.examples import class_examples, spaced_examples
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.training.defined import gives_probabilities
from nnfs_cli.training.evaluation import outputs, predicted_classes
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import Evaluation

PICTURE_ROWS, SCORED_ROWS = 5000, 10_000
"""The most rows of a regression, and the most rows of classes with a p for each class."""
MOST_SCORES = 2_000_000
"""The most numbers that p holds."""
CURVE_POINTS = 500
GRID_POINTS, SURFACE_POINTS = 240, 120
"""Along each side of the grid over the plane of two inputs: of classes, and of a regression."""
MOST_OUTPUTS = 12
"""The most outputs of a regression that have a surface."""


def plot_data(experiment: Experiment, evaluation: Evaluation) -> dict[str, Array]:
    """The arrays for the plots of an evaluated split, by name; of a regression at most PICTURE_ROWS rows.

    target, prediction: class numbers (N,), -1 where outputs are not numbers; or real values (N, M).
    x: with one input (N, 1), with two (N, 2), in raw units.

    Of classes:
    p (n, K), p_rows (n,): probabilities, or scores unless `probabilities`, of the rows with these places.
    example_row (E,): the places of some rows: the worst mistakes, a few of each cell of the confusion
        matrix, and of each class some right ones; first the wrong ones, then the right ones, each from the
        surest on.
    example_x (E, ...): their raw inputs, as images or as the numbers of a table.   example_p (E, K).
    example_target, example_prediction (E,).
    example_telling (E, T): of a table, the columns in which a row is least like the training rows of its
        class, as numbers of `Preparation.columns`; the strangest first.
    With two inputs the arrays of `decision_grid`.

    Of a regression:
    example_row, example_x, example_target, example_prediction: as above, of evenly spaced rows.
    With one input, over its whole range, curve_x, curve_prediction and, if the target without noise is known,
    curve_truth. With two inputs, the arrays of `surface`.
    """
    split = experiment.split(evaluation.split)
    if experiment.data.classes:
        return _class_arrays(experiment, evaluation, split)
    places = np.linspace(0, len(split) - 1, min(len(split), PICTURE_ROWS)).astype(np.intp)
    target = split.targets[split.rows][places]
    prediction = experiment.predictions(evaluation.outputs)[places]
    arrays = {"target": target, "prediction": prediction}
    arrays |= spaced_examples(experiment, split, places, target, prediction)
    x = split.x[split.rows]
    if experiment.data.input_shape == (1,):
        arrays |= {"x": experiment.in_raw_units(x[places]), **curve(experiment, x, CURVE_POINTS)}
    elif experiment.data.input_shape == (2,):
        arrays |= {"x": experiment.in_raw_units(x[places]), **surface(experiment, x, SURFACE_POINTS)}
    return arrays


def _class_arrays(experiment: Experiment, evaluation: Evaluation, split: Split) -> dict[str, Array]:
    p, target = experiment.predictions(evaluation.outputs), split.t[split.rows]
    prediction = predicted_classes(p)
    most = min(len(p), SCORED_ROWS, max(MOST_SCORES // p.shape[1], 1))
    places = np.linspace(0, len(p) - 1, most).astype(np.intp)
    arrays = {
        "target": target,
        "prediction": prediction,
        "p": p[places],
        "p_rows": places,
        "probabilities": np.array(gives_probabilities(experiment.loss, experiment.network)),
        **class_examples(experiment, split, p, target, prediction),
    }
    if experiment.data.input_shape == (2,):
        x = split.x[split.rows]
        arrays |= {"x": experiment.in_raw_units(x), **decision_grid(experiment, x)}
    return arrays


def curve(experiment: Experiment, x: Array, points: int) -> dict[str, Array]:
    """The network's predictions over the range of one input x (N, 1), with curve_truth if it is known.

    curve_x: (points, 1) in raw units.   curve_prediction, curve_truth: (points, M).
    """
    along = np.linspace(x.min(), x.max(), points, dtype=x.dtype).reshape(-1, 1)
    raw = experiment.in_raw_units(along)
    arrays = {"curve_x": raw, "curve_prediction": experiment.predictions(answers(experiment, along))}
    if experiment.data.truth is not None:
        arrays["curve_truth"] = experiment.data.truth(raw)
    return arrays


def decision_grid(experiment: Experiment, x: Array, points: int = GRID_POINTS) -> dict[str, Array]:
    """The network's predictions on a grid over the plane of the rows x (N, 2), by name.

    grid_x, grid_y: the grid's two axes (G,), in raw units, with a margin around the data.
    grid_prediction: the class at each point, (G, G); its rows go along grid_y.
    grid_confidence: the largest output at each point; a probability if the loss gives probabilities.
    """
    axes, plane = _plane(experiment, x, points)
    predicted = experiment.loss.predict(answers(experiment, plane))
    return {
        **axes,
        "grid_prediction": predicted.argmax(axis=1).astype(np.int32).reshape(points, points),
        "grid_confidence": predicted.max(axis=1).reshape(points, points),
    }


def surface(experiment: Experiment, x: Array, points: int) -> dict[str, Array]:
    """A regression over the plane of the rows x (N, 2): grid_x, grid_y as in `decision_grid`.

    grid_value: its predictions (G, G, M), of at most MOST_OUTPUTS.   grid_truth: without noise, if known.
    """
    axes, plane = _plane(experiment, x, points)
    values = {"grid_value": experiment.predictions(answers(experiment, plane))}
    if experiment.data.truth is not None:
        values["grid_truth"] = experiment.data.truth(experiment.in_raw_units(plane))
    grids = {
        name: value[:, :MOST_OUTPUTS].reshape(points, points, -1).astype(np.float32)
        for name, value in values.items()
    }
    return {**axes, **grids}


def answers(experiment: Experiment, x: Array) -> Array:
    """The network's outputs (N, M) for rows x (N, ...) like those of the splits."""
    return outputs(experiment, Split(x, np.zeros(len(x), np.intp), np.arange(len(x))))


def _plane(experiment: Experiment, x: Array, points: int) -> tuple[dict[str, Array], Array]:
    """The axes grid_x and grid_y of a grid around rows x (N, 2), and its points (points * points, 2)."""
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    # Around a constant, float32 needs a margin that it can tell apart from the constant.
    margin = np.where(high > low, 0.1 * (high - low), np.maximum(1.0, 1e-3 * np.abs(low)))
    axes = np.linspace(low - margin, high + margin, points).astype(experiment.network.dtype)
    grid_x, grid_y = experiment.in_raw_units(axes).T
    return {"grid_x": grid_x, "grid_y": grid_y}, np.stack(np.meshgrid(*axes.T), axis=-1).reshape(-1, 2)
