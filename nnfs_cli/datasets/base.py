"""The dataset's contract and registry, and what datasets share."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from annotated_types import Ge, Lt

from nnfs_cli.core.arrays import Array, row_slices
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.ranges import NonNegativeFloat, PositiveInt
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.fitting import (
    Normalization,
    check_normalization,
    choose_normalization,
    fit_affine,
)
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, split_rows, split_up
from nnfs_cli.sources.targets import class_names, class_numbers, infer_task, real_targets, table_of_targets

Seed: TypeAlias = Annotated[int, Ge(0), Lt(2**32)]
"""The seeds that NumPy's older generators take."""


class Dataset(Component, ABC):
    """A source of data. Its options say which data, how to prepare them and how to split them.

    example: options that suffice to make one, for the tests.
    """

    registry: ClassVar[Registry["Dataset"]]
    example: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def load(self, rng: np.random.Generator) -> Data:
        """Read or make the data. `rng` draws the splits. NnfsError if the data cannot be used."""

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        """The data as `load` gives them, but normalized as an earlier run's were (`fitted`)."""
        return replace(self.load(rng), inputs=fitted.inputs, targets=fitted.targets)


DATASETS: Registry[Dataset] = Registry("dataset", __package__)
Dataset.registry = DATASETS


@dataclass(frozen=True, kw_only=True)
class ArrayDataset(Dataset):
    """What datasets of ready-made arrays x (R, ...) and y (R,) or (R, M) have in common."""

    task: Literal["auto", "classification", "regression"] = "auto"
    validation: HeldOut = 0
    test: HeldOut = 0
    standardize: bool = False
    minmax: bool = False
    scale: bool = False
    standardize_target: bool | Literal["auto"] = "auto"
    augment: Augmentation | None = None

    def __post_init__(self) -> None:
        check_options(
            self,
            standardize=check_normalization(self.standardize, self.minmax, self.scale),
        )

    @abstractmethod
    def arrays(self) -> dict[str, tuple[Array, Array, str]]:
        """x, y and a name for messages; for `train` and, if there are separate test rows, for `test`."""

    def load(self, rng: np.random.Generator) -> Data:
        return self._load(rng, None)

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        return self._load(rng, fitted)

    def _load(self, rng: np.random.Generator, fitted: Preparation | None) -> Data:
        """The data, prepared as `fitted` says or, without it, fitted to their own training rows."""
        arrays = self.arrays()
        x = arrays["train"][0]
        targets = {name: table_of_targets(y, source) for name, (_, y, source) in arrays.items()}
        for name, (rows, y, where) in arrays.items():
            if len(rows) != len(y) or rows.shape[1:] != x.shape[1:] or rows.ndim < 2 or not len(rows):
                raise NnfsError(f"{where}: {name} rows do not fit: x has shape {rows.shape}, y {y.shape}")
            if rows.dtype.kind not in "biuf":
                raise NnfsError(f"{where}: x must hold numbers, found an array of {rows.dtype}")
            refuse_unusable(rows, in_rows_of(where))
        names = targets["train"].names
        task, why = (self.task, "") if self.task != "auto" else infer_task(targets["train"], names)
        classes: tuple[str, ...] = ()
        if task == "classification":
            classes = fitted.classes if fitted else class_names(targets["train"], names)
            ts = {name: class_numbers(table, names[0], classes) for name, table in targets.items()}
        else:
            ts = {name: real_targets(table, names) for name, table in targets.items()}
        t = ts["train"]
        labels = t if classes else None
        parts = split_rows(len(x), rng, validation=self.validation, test=self.test, labels=labels)
        splits = {name: Split(x, t, rows) for name, rows in parts.items()}
        if "test" in arrays:
            splits["test"] = Split(arrays["test"][0], ts["test"], np.arange(len(ts["test"])))
        how = choose_normalization(self.standardize, self.minmax, self.scale)
        target_how: Normalization = "standardize" if not classes and self.standardize_target else "none"
        shared = x.ndim > 2
        return Data(
            splits,
            classes,
            inputs=fitted.inputs if fitted else fit_affine(x, parts["train"], how, shared=shared),
            target_names=names,
            targets=fitted.targets if fitted else fit_affine(t, parts["train"], target_how),
            fingerprint=fingerprint(*(array for x, y, _ in arrays.values() for array in (x, y))),
            notes=(why,) if why else (),
            why_task=why,
            augment=self.augment,
        )


@dataclass(frozen=True)
class Synthetic(Dataset):
    """Points drawn by a rule: options that all such datasets share, and the last lines of `load`.

    A seed gives the same points before noise, whatever the noise.
    """

    samples: PositiveInt = 200
    noise: NonNegativeFloat = 0.1
    seed: Seed = 42
    validation: HeldOut = 0
    test: HeldOut = 0

    def regression(
        self, x: Array, truth: Callable[[Array], Array], points: np.random.Generator, rng: np.random.Generator
    ) -> Data:
        """t = truth(x) + noise e; `points` draws e, and `rng` the splits."""
        t = truth(x)
        t = t + self.noise * points.standard_normal(t.shape)
        splits = split_up(x, t, rng, validation=self.validation, test=self.test)
        return Data(splits, truth=truth, fingerprint=fingerprint(x, t))

    def classification(
        self, x: Array, classes: tuple[str, ...], points: np.random.Generator, rng: np.random.Generator
    ) -> Data:
        """Points x + noise e, of the classes `labels`; `points` draws e, `rng` splits each class alike."""
        x = x + self.noise * points.standard_normal(x.shape)
        t = self.labels(len(classes))
        splits = split_up(x, t, rng, validation=self.validation, test=self.test, stratify=True)
        return Data(splits, classes, fingerprint=fingerprint(x, t))

    def labels(self, classes: int) -> Array:
        """Class numbers (samples,): 0, 1, 2, ... in turn, so class sizes differ by at most one."""
        return np.arange(self.samples, dtype=np.intp) % classes


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over the arrays' types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for here in row_slices(array, len(array)):
            digest.update(np.ascontiguousarray(array[here]).data)
    return digest.hexdigest()
