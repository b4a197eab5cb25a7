"""The dataset's contract and registry, and what datasets share."""

import hashlib
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array
from nnfs_cli.core.records import Data


class Dataset(Component, ABC):
    """A source of data. Its options say which, how prepared, and how split."""

    registry: ClassVar[Registry["Dataset"]]

    @abstractmethod
    def load(self, rng: np.random.Generator) -> Data:
        """Read or make the data. `rng` draws the splits. NnfsError where the data cannot be used."""


DATASETS: Registry[Dataset] = Registry("dataset", __package__)
Dataset.registry = DATASETS


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over the arrays' types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def hold_out(rows: int, validation: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Row numbers for training and for validation, drawn at random; NnfsError if none is left to train on."""
    if validation >= rows:
        raise NnfsError(f"dataset.validation: must leave rows to train on, found {validation} of {rows} rows")
    order = rng.permutation(rows)
    return np.sort(order[validation:]), np.sort(order[:validation])
