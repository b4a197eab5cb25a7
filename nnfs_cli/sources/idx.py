"""The IDX format of MNIST."""

import math
from pathlib import Path

import numpy as np

from nnfs_cli.core.params import Array
from nnfs_cli.sources.lines import open_bytes


def read_idx(path: Path) -> Array:
    """An IDX file's array."""
    with open_bytes(path) as file:
        payload = file.read()
    rank = payload[3]
    shape = tuple(int(n) for n in np.frombuffer(payload, ">i4", rank, 4))
    assert math.prod(shape) == len(payload) - 4 - 4 * rank  # noqa: S101
    return np.frombuffer(payload, np.uint8, offset=4 + 4 * rank).reshape(shape)
