"""A regression's targets, on a scale that the network's last layer can answer on."""

import math
from dataclasses import replace

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.layers.base import ALL_REALS, Range, output_range
from nnfs_cli.preprocessing.affine import IDENTITY
from nnfs_cli.preprocessing.fitting import fit_affine
from nnfs_cli.preprocessing.records import Data

ROUNDING = 1e-6
"""How far beyond the range a target may lie: float32 rounds."""


def fit_to_outputs(config: ExperimentConfig, data: Data) -> Data:
    """The data with targets that suit the loss and the last layer.

    Standardized targets lie on both sides of 0, without bounds, which sigmoid or relu cannot answer. For a
    last layer with bounds, targets stay as they are, or are scaled if one side is open. Raises NnfsError if
    the config asks for standardized ones, or if more than three quarters of the targets are out of reach.
    """
    if not config.loss.any_units:
        data = replace(data, targets=IDENTITY)
    outputs = output_range(config.layers)
    if data.classes or outputs == ALL_REALS:
        return data
    where = max(i for i, layer in enumerate(config.layers) if layer.output_range(ALL_REALS) != ALL_REALS)
    name = config.layers[where].type_name
    low, high = config.loss.predict(np.stack([outputs, outputs], axis=1))[:, 0].tolist()
    if not data.targets.is_identity:
        if getattr(config.dataset, "standardize_target", "auto") is True:
            raise NnfsError(
                f"dataset.standardize_target: must be auto or false, since {name}, the last layer, allows "
                f"only predictions {_words((low, high))}, and standardized targets lie on both sides of 0"
            )
        data = _without_standardizing(data, (low, high), name)
    beyond, missed = _missed(data, (low, high))
    if beyond > 0.75:
        raise NnfsError(f"layers[{where}]: {name}, the last layer, {missed}")
    return replace(data, notes=(*data.notes, f"{name}, the last layer, {missed}")) if beyond else data


def _without_standardizing(data: Data, reach: Range, name: str) -> Data:
    """The data with targets as they are, or scaled if the reach is open at one side and includes 0."""
    train, is_open = data.splits["train"], math.inf in np.abs(reach) and reach[0] <= 0 <= reach[1]
    targets = fit_affine(train.t, train.rows, "scale") if is_open else IDENTITY
    done = "divided by the largest" if is_open else "as they are"
    why = f"{name}, the last layer, allows only predictions {_words(reach)}"
    return replace(data, targets=targets, notes=(*data.notes, f"targets: {done}, not standardized: {why}"))


def _missed(data: Data, reach: Range) -> tuple[float, str]:
    """The share of training targets that are out of reach, and what is said about it."""
    train = data.splits["train"]
    t = train.t[train.rows]
    low, high = (data.targets.undo(np.full(t.shape[1], end)) for end in reach)
    margin = ROUNDING / data.targets.scale
    beyond = np.count_nonzero((t < low - margin) | (t > high + margin))
    return beyond / t.size, (
        f"allows only predictions {_words((low.min(), high.max()))}, and misses {beyond:,} of {t.size:,} "
        f"training targets, which go from {t.min():g} to {t.max():g}; without it the network can answer any"
    )


def _words(reach: Range) -> str:
    low, high = reach
    if math.isinf(high):
        return f"from {low:g} up"
    return f"up to {high:g}" if math.isinf(low) else f"from {low:g} to {high:g}"
