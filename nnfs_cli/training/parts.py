"""Whether a batch's gradient can be put together from its parts'."""

import copy
import math
from collections.abc import Iterator

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import Network
from nnfs_cli.losses.base import Loss
from nnfs_cli.preprocessing.records import Data

TRIED_ROWS, CUTS = 48, (11, 27)
"""Rows that a loss is tried on, and where they are cut into parts."""


LOOKED_AT = 2**15
"""The most numbers of the targets among which those rows' are chosen."""


TOLERANCE = 1e-3
"""A thousand times what rounding to float32 makes of the gradient of a few rows."""


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
