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
from nnfs_cli.preprocessing.limits import in_rows_of, refuse_unusable, require_rows
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, Validation, split_rows, split_up
from nnfs_cli.sources.array_targets import array_targets

PASSES = 2
"""Arrays as large as all points that drawing them takes at once, the noise being one."""

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

    def least_memory(self) -> int:
        """The bytes that `load` certainly takes, as far as the options alone say."""
        return 0

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        """The data as `load` gives them, but normalized as an earlier run's were (`fitted`)."""
        return replace(self.load(rng), inputs=fitted.inputs, targets=fitted.targets)


DATASETS: Registry[Dataset] = Registry("dataset", __package__)
Dataset.registry = DATASETS


@dataclass(frozen=True, kw_only=True)
class ArrayDataset(Dataset):
    """What datasets of ready-made arrays x (R, ...) and y (R,) or (R, M) have in common."""

    classes: tuple[str, ...] = ()
    task: Literal["auto", "classification", "regression"] = "auto"
    validation: Validation = 0
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
            classes=check_classes(self.classes),
        )

    def check_test_rows(self, x_test: str, y_test: str, what: str) -> None:
        """For `__post_init__`: raise OptionError unless the options for separate test rows fit together."""
        check_options(
            self,
            x_test=(bool(x_test) or not y_test, f"{what}, needed with y_test"),
            y_test=(bool(y_test) or not x_test, f"{what}, needed with x_test"),
            test=(not (x_test and self.test), "0, since x_test has the test rows"),
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
        for name, (rows, y, where) in arrays.items():
            require_rows(rows, f"{where}: x")
            if not rows.size:
                raise NnfsError(
                    f"{where}: x must hold rows of numbers (N, ...), found none: shape {rows.shape}"
                )
            if rows.shape[:1] != y.shape[:1] or rows.shape[1:] != x.shape[1:]:
                raise NnfsError(f"{where}: {name} rows do not fit: x has shape {rows.shape}, y {y.shape}")
            refuse_unusable(rows, in_rows_of(where))
        ys = {name: (y, where) for name, (_, y, where) in arrays.items()}
        targets = array_targets(ys, self.task, self.classes, fitted.classes if fitted else ())
        classes, t = targets.classes, targets.t["train"]
        labels = t if classes else None
        parts = split_rows(len(x), rng, validation=self.validation, test=self.test, labels=labels)
        splits = {name: Split(x, t, rows) for name, rows in parts.items()}
        if "test" in arrays:
            x_test, t_test = arrays["test"][0], targets.t["test"]
            splits["test"] = Split(x_test, t_test, np.arange(len(x_test)))
        how = choose_normalization(self.standardize, self.minmax, self.scale)
        target_how: Normalization = "standardize" if not classes and self.standardize_target else "none"
        shared = x.ndim > 2
        return Data(
            splits,
            classes,
            inputs=fitted.inputs if fitted else fit_affine(x, parts["train"], how, shared=shared),
            target_names=targets.columns,
            targets=fitted.targets if fitted else fit_affine(t, parts["train"], target_how),
            fingerprint=fingerprint(*(array for x, y, _ in arrays.values() for array in (x, y))),
            notes=targets.notes,
            why_task=targets.why,
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
    validation: Validation = 0
    test: HeldOut = 0

    @property
    def width(self) -> int:
        """The numbers of a point, with its target."""
        return 3

    def least_memory(self) -> int:
        return PASSES * 8 * self.samples * self.width

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


def check_classes(names: tuple[str, ...]) -> tuple[bool, str]:
    """For `check_options`: whether these can be the classes' names; none is for the labels themselves."""
    return len(names) != 1 and len(set(names)) == len(names), "two different names or more"


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over the arrays' types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for here in row_slices(array, len(array)):
            digest.update(np.ascontiguousarray(array[here]).data)
    return digest.hexdigest()
