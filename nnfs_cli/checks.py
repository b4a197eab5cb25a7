"""Checks: whether a config's parts suit each other and its data, before anything is trained."""

import copy
import math
from collections.abc import Iterator

import numpy as np

from nnfs_cli.config import ExperimentConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Data
from nnfs_cli.layers.reshape import Reshape
from nnfs_cli.layers.windows import channels_last
from nnfs_cli.losses.base import Loss
from nnfs_cli.metrics.base import Metric
from nnfs_cli.network import Network

TRIED_ROWS, CUTS = 48, (11, 27)
"""Rows that a loss is tried on, and where they are cut into parts."""

LOOKED_AT = 2**15
"""The most numbers of the targets among which those rows' are chosen."""

TOLERANCE = 1e-3
"""A thousand times what rounding to float32 makes of the gradient of a few rows."""


def doubt_about(config: ExperimentConfig, data: Data) -> str:
    """What to tell of images whose channels come last, if anything treats them as images."""
    as_images = data.augment is not None or any(layer.images for layer in config.layers)
    one_channel = data.input_shape[-1:] == (1,)
    if not as_images or (one_channel and data.augment is None and isinstance(config.layers[0], Reshape)):
        return ""  # a single channel comes first as well as last
    return channels_last(data.input_shape)


def check_fit(config: ExperimentConfig, network: Network, data: Data, *, trains: bool) -> None:
    """Raise NnfsError unless loss, metrics and the last layer suit the data.

    trains: the loss must suit the training, too.
    """
    problems = []
    parts: list[tuple[str, Loss | Metric]] = [("loss", config.loss)]
    parts += [(f"metrics[{i}]", metric) for i, metric in enumerate(config.metrics)]
    for path, part in parts:
        if data.task not in part.tasks:
            problems.append(
                f"{path}: {part.type_name} is for {' or '.join(part.tasks)}, "
                f"but {config.dataset.type_name} is {data.task}"
            )
    width = config.loss.width(data)
    if network.output_shape != (width,):
        what = f"{len(data.classes)} classes" if data.classes else f"targets of width {data.target_width}"
        last = len(config.layers) - 1
        hint = "; put flatten after it" if math.prod(network.output_shape) == width else ""
        problems.append(
            f"layers[{last}]: the last layer gives {network.output_shape} for each row, "
            f"but {config.dataset.type_name} has {what}: {config.loss.type_name} wants ({width},){hint}"
        )
    if config.training.monitor != "val_loss" and "validation" not in data.splits:
        problems.append(
            f"training.monitor: {config.training.monitor} needs a validation split, and there is none"
        )
    if config.training.patience and "validation" not in data.splits:
        problems.append("training.patience: needs a validation split to watch, and there is none")
    if not network.params.named:
        problems.append("layers: no layer has parameters, so there is nothing to train")
    if trains and config.training.accumulate > 1 and not problems:
        gap = gap_between_parts(config.loss, network, data)
        if gap > TOLERANCE:
            problems.append(_cannot_accumulate(config, gap))
    if problems:
        raise NnfsError("\n  ".join([f"{config.name}: the parts do not fit together", *problems]))


def _cannot_accumulate(config: ExperimentConfig, gap: float) -> str:
    """What was found of a loss, and what to do."""
    training, loss = config.training, config.loss
    rows = training.batch_size * training.accumulate
    weight = f"`{type(loss).__name__}.weight`"
    off = f"{gap:.0%} off" if math.isfinite(gap) else "nowhere near"
    return (
        f"training.accumulate: must be 1, since the gradient of {loss.type_name} does not add up: for "
        f"{TRIED_ROWS} rows it was {off} the mean of their parts' gradients, weighted by {weight}; a larger "
        f"batch_size, here {rows}, makes the same steps; or, if the loss is a mean of its rows' after all, "
        f"let {weight} say what they count"
    )


def adds_up(loss: Loss, network: Network, data: Data) -> bool:
    """Whether a batch's gradient can be put together from those of its parts."""
    return gap_between_parts(loss, network, data) <= TOLERANCE


def gap_between_parts(loss: Loss, network: Network, data: Data) -> float:
    """How far a batch's gradient dz is from the mean of its parts', weighted by `Loss.weight`, at most.

    In the size of a row's gradient. Outputs are made up: some of any sign and size, and some like
    probabilities; targets are the data's. What is not a number for the whole batch says nothing, since
    the loss may not be defined there.
    """
    loss, gap = copy.deepcopy(loss), 0.0  # it may remember what it was asked
    for z, t in _trials(network, data):
        parts = np.split(np.arange(TRIED_ROWS), CUTS)
        whole, joined = (np.empty_like(z) for _ in range(2))
        with np.errstate(all="ignore"):
            loss.gradient(z, t, whole)
            total = np.float64(loss.weight(t))
            for part in parts:
                dz = np.empty_like(z[part])
                loss.gradient(z[part], t[part], dz)
                joined[part] = dz * (loss.weight(t[part]) / total)
            known = np.isfinite(whole).all(axis=1)
            sizes = np.abs(whole[known]).max(axis=1, initial=0.0)
            if not sizes.any():
                continue
            # Where next to nothing is left of a difference, that is rounding.
            errors = np.abs(joined - whole)[known].max(axis=1) / np.maximum(sizes, 1e-2 * sizes.max())
        gap = max(gap, float(np.nan_to_num(errors, nan=np.inf).max()))
    return gap


def _trials(network: Network, data: Data) -> Iterator[tuple[Array, Array]]:
    """Outputs z (n, M) to try a loss on, and targets t of these data, as different as there are, shuffled."""
    split, rng = data.splits["train"], np.random.default_rng(0)
    numbers = np.arange(TRIED_ROWS)
    if data.classes:
        t = (numbers * len(data.classes) // TRIED_ROWS).astype(split.t.dtype)
    else:
        count = min(len(split), max(LOOKED_AT // split.t[:1].size, TRIED_ROWS))
        some = split.t[split.rows[np.arange(count) * len(split) // count]]
        order = np.argsort(some.reshape(count, -1).sum(axis=1), kind="stable")
        t = some[order[numbers * (count - 1) // (TRIED_ROWS - 1)]]
    shape = TRIED_ROWS, *network.output_shape
    shares = rng.uniform(0.05, 1.0, (TRIED_ROWS, math.prod(network.output_shape) + 1))
    shares /= shares.sum(axis=1, keepdims=True)
    for z in (3.0 * rng.normal(size=shape), shares[:, 1:].reshape(shape)):
        yield z.astype(network.dtype), rng.permutation(t)
