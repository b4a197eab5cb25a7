"""Inputs and targets of a size that training suffers from, and the options against it."""

import math
from collections.abc import Sequence

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import listed
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.layer_norm import LayerNorm
from nnfs_cli.preprocessing.description import column_names, is_image, sampled_rows, target_names
from nnfs_cli.preprocessing.records import Data, Split

LARGE = 100.0
"""Initial weights are made for numbers near 1. Numbers beyond this size are far from it."""

SAMPLED_NUMBERS = 10_000_000
"""Numbers to look at: files mapped into memory may take long to read."""

MOST_NAMED = 3


def large_inputs(config: ExperimentConfig, data: Data) -> str:
    """What is to say of raw inputs that are large and not normalized, and the option for it; or nothing."""
    options, images = config.dataset.options(), len(data.input_shape) > 1
    option = next(
        (name for name in (("scale",) if images else ("standardize", "scale")) if name in options), ""
    )
    if not option or not data.inputs.is_identity or _normalizes_first(config):
        return ""
    train = data.splits["train"]
    sizes = _sizes(train.x, train)
    names = [f"column {name!r}" if data.columns else f"input {name}" for name in column_names(data)]
    if images:
        names, sizes = ["a pixel" if is_image(data) else "an input"], sizes.max(keepdims=True)
    return _said(names, sizes, f"`{option}: true` is off")


def large_targets(data: Data) -> str:
    """What is to say of real targets that are large and not standardized; or nothing."""
    if data.classes or not data.targets.is_identity:
        return ""
    train = data.splits["train"]
    names = [f"target {name!r}" for name in target_names(data)]
    return _said(names, _sizes(train.t, train), "targets are not standardized")


def _sizes(array: Array, split: Split) -> Array:
    """The largest absolute value of each entry in a split's rows of an array, flat; in some of many rows."""
    some = array[sampled_rows(split, max(SAMPLED_NUMBERS // math.prod(array.shape[1:]), 1))]
    low, high = (edge.astype(np.float64).reshape(-1) for edge in (some.min(axis=0), some.max(axis=0)))
    return np.asarray(np.maximum(np.abs(low), np.abs(high)))


def _said(names: Sequence[str], sizes: Array, text: str) -> str:
    largest = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i] > LARGE]
    if not largest:
        return ""
    reached = [f"{names[i]} reaches {sizes[i]:.3g}" for i in largest]
    return f"{listed(reached, MOST_NAMED)}, and {text}"


def _normalizes_first(config: ExperimentConfig) -> bool:
    """Whether the first layer that computes anything normalizes its inputs."""
    first = next((layer for layer in config.layers if type(layer).view is Layer.view), None)
    return isinstance(first, BatchNorm | LayerNorm)
