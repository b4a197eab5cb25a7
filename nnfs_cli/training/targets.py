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
    """The data with targets that the loss takes, and that the last layer reaches.

    Standardized targets lie on both sides of 0 without bounds, which sigmoid or relu cannot answer. Below a
    last layer with bounds, targets stay as they are, or are scaled if one side is open. Raises NnfsError if
    the config asks for standardized ones, or if more than three quarters of the targets are out of reach.
    """
    if not config.loss.any_units:
        return replace(data, targets=IDENTITY)
    reach = output_range(config.layers)
    if data.classes or reach == ALL_REALS:
        return data
    where = max(i for i, layer in enumerate(config.layers) if layer.output_range(ALL_REALS) != ALL_REALS)
    gives = f"{config.layers[where].type_name}, the last layer, gives only numbers {_words(reach)}"
    train = data.splits["train"]
    if not data.targets.is_identity:
        if getattr(config.dataset, "standardize_target", "auto") is True:
            raise NnfsError(
                f"dataset.standardize_target: must be auto or false, since layers[{where}], {gives}, and "
                f"standardized targets lie on both sides of 0; or leave that layer out"
            )
        is_open = math.inf in np.abs(reach) and reach[0] <= 0 <= reach[1]
        targets = fit_affine(train.t, train.rows, "scale" if is_open else "none")
        done = "divided by the largest" if is_open else "as they are"
        note = f"targets: {done}, and not standardized, since {gives}"
        data = replace(data, targets=targets, notes=(*data.notes, note))
    t = train.t[train.rows]
    scaled = (t - data.targets.shift) * data.targets.scale
    beyond = np.count_nonzero((scaled < reach[0] - ROUNDING) | (scaled > reach[1] + ROUNDING))
    missed = (
        f"{gives}, and misses {beyond:,} of {t.size:,} training targets, which go from {t.min():g} to "
        f"{t.max():g}; without that layer the network can answer any number"
    )
    if 4 * beyond > 3 * t.size:
        raise NnfsError(f"layers[{where}]: {missed}")
    return replace(data, notes=(*data.notes, missed)) if beyond else data


def _words(reach: Range) -> str:
    low, high = reach
    if math.isinf(high):
        return f"from {low:g} up"
    return f"up to {high:g}" if math.isinf(low) else f"from {low:g} to {high:g}"
