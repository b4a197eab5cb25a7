"""A pair of files like those of Kaggle's digit recognizer, made out of MNIST."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import make_folder, replacing
from nnfs_cli.preprocessing.records import Data

TRAIN_ROWS = 42_000
SEED = 2012
ROWS_TOGETHER = 1000
"""Rows that are formatted at a time."""
TEXTS = np.array([str(byte) for byte in range(256)], dtype=object)


def write_sample(data: Data, folder: Path) -> list[Path]:
    """Write all of MNIST, shuffled, to train.csv, test.csv and test-labels.csv; return their paths.

    train.csv has the columns label, pixel0, ..., pixel783; test.csv has no label. The order is the same
    every time. NnfsError if one of the files exists.
    """
    train, test, labels = (folder / name for name in ("train.csv", "test.csv", "test-labels.csv"))
    existing = [str(path) for path in (train, test, labels) if path.exists()]
    if existing:
        raise NnfsError(f"{' and '.join(existing)} already {'exists' if len(existing) == 1 else 'exist'}")
    make_folder(folder)
    splits = list(data.splits.values())
    x = np.concatenate([split.x[split.rows] for split in splits]).reshape(-1, 784)
    t = np.concatenate([split.t[split.rows] for split in splits]).astype(np.uint8)
    order = np.random.default_rng(SEED).permutation(len(x))
    pixels = [f"pixel{i}" for i in range(x.shape[1])]
    _write(train, ["label", *pixels], np.column_stack([t, x]), order[:TRAIN_ROWS])
    _write(test, pixels, x, order[TRAIN_ROWS:])
    rest = t[order[TRAIN_ROWS:]]
    _write_lines(labels, ["ImageId", "Label"], (f"{i},{label}" for i, label in enumerate(rest, 1)))
    return [train, test, labels]


def _write(path: Path, header: list[str], numbers: Array, rows: Array) -> None:
    """Write bytes as CSV. Their texts are looked up, which is faster than formatting."""
    parts = (TEXTS[numbers[rows[here]]].tolist() for here in slices(len(rows), ROWS_TOGETHER))
    _write_lines(path, header, (",".join(line) for part in parts for line in part))


def _write_lines(path: Path, header: list[str], lines: Iterable[str]) -> None:
    with replacing(path) as file:
        file.writelines(f"{line}\n".encode("ascii") for line in chain([",".join(header)], lines))
