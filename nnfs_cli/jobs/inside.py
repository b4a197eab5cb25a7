"""What a trained network does inside, computed once for the plots: inside.npz."""

from collections.abc import Collection

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.load import load_experiment
from nnfs_cli.metrics.base import likeliest
from nnfs_cli.preprocessing.description import normalized
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import pictured_split
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.importance import (
    GRID,
    REPEATS,
    column_slices,
    partial_dependence,
    permutation_importance,
    score_name,
)
from nnfs_cli.training.saliency import Saliency, saliency

PICTURES = frozenset({"feature_maps", "saliency", "importance", "dependence"})
"""What is drawn from inside.npz."""
SAMPLE_ROWS = 8
"""Rows whose saliency is drawn."""
MOST_MAPS, MOST_CHANNELS = 12, 16
MOST_COLUMNS, MOST_DEPENDENCES = 20, 6
MOST_OUTPUTS = 10
FEWEST_ROWS, MOST_ROWS = 50, 1000
MULTIPLY_ADDS = 4e9
"""About how many all repeats together may take: some 0.2 s on one core. Large networks get fewer columns."""


def add_inside(run: RunDirectory, only: Collection[str] = PICTURES) -> str:
    """Write the inside.npz that runs of earlier versions lack, if one of `only` these pictures needs it.

    Returns a note if it cannot be written, since the run's data changed or are gone.
    """
    if run.has("inside.npz") or not run.has("weights.npz") or not PICTURES & set(only):
        return ""
    summary = run.summary()
    lacks = f"{run.path} has no inside.npz, and so no pictures of saliency, feature maps and importance"
    try:
        experiment = load_experiment(run)
    except NnfsError as error:
        return f"{lacks}: {error}"
    if experiment.data.fingerprint != summary.get("data_fingerprint"):
        return f"{lacks}: the data is not what the run was trained on"
    run.write_arrays("inside.npz", inside_arrays(experiment, pictured_split(summary)))
    return ""


@limit_blas(1)
def inside_arrays(experiment: Experiment, name: str) -> dict[str, Array]:
    """The arrays of inside.npz, from rows of the split `name`; those that are not finite are left out.

    split: its name.   rows (N,): the row numbers.   x (N, ...): the raw rows.   target, prediction: of each.
    saliency (N, ...): the gradient of output[n] of each row to the row's normalized inputs.
    maps/<layer> (C, H, W): what each layer of images gives for the first row, its first channels.
    importance (F, REPEATS): the rise of the loss, or the fall of the metric `score`, where the column of
        number columns[f] is shuffled among `score_rows` rows.
    dependence/<column> (3, G, M): mean prediction, 5th and 95th percentile; dependence_x/<column> (G,).
    """
    split = experiment.split(name)
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = {"split": np.array(name), **_sample(experiment, split), **_columns(experiment, split)}
    return {key: a for key, a in arrays.items() if a.dtype.kind != "f" or np.isfinite(a).all()}


def _sample(experiment: Experiment, split: Split) -> dict[str, Array]:
    """Saliency of some rows, and the feature maps of the first."""
    rows = _sample_rows(experiment, split)
    found, chosen = _saliency(experiment, split, rows)
    p = experiment.predictions(found.activations[-1])
    arrays = {
        "rows": rows,
        "x": experiment.in_raw_units(split.x[rows]),
        "target": split.targets[rows],
        "prediction": likeliest(p) if experiment.data.classes else p,
        "output": chosen,
    }
    if found.gradients is not None:
        arrays["saliency"] = found.gradients.astype(np.float32)
    images = [
        (name, y[0, :MOST_CHANNELS])
        for name, layer, x, y in zip(
            experiment.network.names,
            experiment.network.layers,
            found.activations,
            found.activations[1:],
            strict=False,
        )
        if y.ndim == 4 and y[0, 0].size > 1 and layer.view(x) is None
    ]
    return arrays | {f"maps/{name}": y.astype(np.float32) for name, y in images[:MOST_MAPS]}


def _sample_rows(experiment: Experiment, split: Split) -> Array:
    """Rows of a split: the first of each class, then the second, ...; of a regression evenly spaced ones."""
    if not experiment.data.classes:
        return split.sampled(SAMPLE_ROWS)
    some = split.sampled(MOST_ROWS)
    t = split.t[some]
    turn = np.array([np.count_nonzero(t[:i] == k) for i, k in enumerate(t)])
    return np.asarray(some[np.lexsort((t, turn))][:SAMPLE_ROWS])


def _saliency(experiment: Experiment, split: Split, rows: Array) -> tuple[Saliency, Array]:
    """The saliency of some rows, and the number of the output that it is of: the largest, or the only one."""
    x = normalized(split.x[rows], experiment.data.inputs)
    chosen = None if experiment.data.classes else np.zeros(len(rows), np.intp)
    found = saliency(experiment.config.layers, experiment.network.params.arrays(), x, chosen)
    z = found.activations[-1]
    return found, z.argmax(axis=1) if chosen is None else chosen


def _columns(experiment: Experiment, split: Split) -> dict[str, Array]:
    """Permutation importance and partial dependence of a table's columns, if it has more than one."""
    if len(experiment.data.input_shape) != 1:
        return {}
    slices = column_slices(experiment.preparation)
    affordable = int(MULTIPLY_ADDS / (experiment.network.params.value.size + 1000))  # evaluations of a row
    most = min(affordable // (FEWEST_ROWS * (REPEATS + GRID)), MOST_COLUMNS)
    if len(slices) < 2 or not most:
        return {}
    chosen = _most_salient(experiment, split, slices, most)
    each = affordable // (len(chosen) * REPEATS + min(len(chosen), MOST_DEPENDENCES) * GRID)
    rows = split.sampled(min(each, MOST_ROWS))
    rng = np.random.default_rng(experiment.config.seed)
    score = score_name(experiment)
    shown = [slices[f] for f in chosen]
    importance = permutation_importance(experiment, split, rows, shown, rng, score)
    if score != "loss" and not np.isfinite(importance).all():  # a metric that is undefined on these rows
        score = "loss"
        importance = permutation_importance(experiment, split, rows, shown, rng, score)
    arrays = {
        "columns": chosen,
        "importance": importance,
        "score": np.array(score),
        "score_rows": np.array(len(rows)),
    }
    x = split.x[rows]
    for f in chosen[np.argsort(-importance.mean(axis=1), kind="stable")][:MOST_DEPENDENCES]:
        values, curves = partial_dependence(experiment, x, slices[f], rng)
        width = slices[f].stop - slices[f].start
        arrays[f"dependence_x/{f}"] = _raw(experiment, values, slices[f]) if width == 1 else values
        arrays[f"dependence/{f}"] = curves[:, :, :MOST_OUTPUTS]
    return arrays


def _raw(experiment: Experiment, values: Array, column: slice) -> Array:
    """Values (G,) of a column of numbers, before normalization."""
    rows = np.zeros((len(values), *experiment.data.input_shape), values.dtype)
    rows[:, column.start] = values
    return np.asarray(experiment.in_raw_units(rows)[:, column.start])


def _most_salient(experiment: Experiment, split: Split, slices: list[slice], most: int) -> Array:
    """The numbers of at most so many columns: those with the largest |gradient| times spread."""
    if len(slices) <= most:
        return np.arange(len(slices))
    found, _ = _saliency(experiment, split, split.sampled(FEWEST_ROWS))
    if found.gradients is None:
        return np.arange(most)
    strength = np.abs(found.gradients).mean(axis=0) * found.activations[0].std(axis=0)
    by_column = np.array([strength[column].sum() for column in slices])
    return np.sort(np.argsort(-by_column, kind="stable")[:most])
