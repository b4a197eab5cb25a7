"""The dataset's contract and registry, and what datasets share."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.params import Array
from nnfs_cli.core.preparation import Preparation
from nnfs_cli.core.records import Data, Split
from nnfs_cli.sources.fitting import Normalization, fit_affine, refuse_infinite
from nnfs_cli.sources.targets import class_names, class_numbers, infer_task, real_targets, table_of_targets


class Dataset(Component, ABC):
    """A source of data. Its options say which, how prepared, and how split."""

    registry: ClassVar[Registry["Dataset"]]

    @abstractmethod
    def load(self, rng: np.random.Generator) -> Data:
        """Read or make the data. `rng` draws the splits. NnfsError where the data cannot be used."""

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        """The data as `load` gives them, but prepared as an earlier run's were, whatever they are now."""
        return replace(self.load(rng), inputs=fitted.inputs, targets=fitted.targets)


STRETCH = 8192
"""Rows that are looked at together, in an array that may be mapped from a file."""

DATASETS: Registry[Dataset] = Registry("dataset", __package__)
Dataset.registry = DATASETS


@dataclass(frozen=True, kw_only=True)
class ArrayDataset(Dataset):
    """What datasets of ready-made arrays x (R, ...) and y (R,) or (R, M) have in common."""

    task: Literal["auto", "classification", "regression"] = "auto"
    validation: int | float = 0
    test: int | float = 0
    standardize: bool = False
    minmax: bool = False
    scale: bool = False
    standardize_target: bool = True

    def __post_init__(self) -> None:
        check_options(
            self,
            validation=check_share(self.validation),
            test=check_share(self.test),
            standardize=check_normalization(self.standardize, self.minmax, self.scale),
        )

    @abstractmethod
    def arrays(self) -> dict[str, tuple[Array, Array, str]]:
        """x, y and what messages call them, for `train` and, where it has rows of its own, for `test`."""

    def load(self, rng: np.random.Generator) -> Data:
        return self._load(rng, None)

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        return self._load(rng, fitted)

    def _load(self, rng: np.random.Generator, fitted: Preparation | None) -> Data:
        """The data, prepared as `fitted` says, or else fitted to their own training rows."""
        arrays = self.arrays()
        x = arrays["train"][0]
        targets = {name: table_of_targets(y, source) for name, (_, y, source) in arrays.items()}
        for name, (rows, y, where) in arrays.items():
            if len(rows) != len(y) or rows.shape[1:] != x.shape[1:] or rows.ndim < 2 or not len(rows):
                raise NnfsError(f"{where}: {name} rows do not fit: x has shape {rows.shape}, y {y.shape}")
            if rows.dtype.kind not in "biuf":
                raise NnfsError(f"{where}: x must hold numbers, found an array of {rows.dtype}")
            refuse_infinite(rows, where)
        names = targets["train"].names
        task, *notes = (self.task,) if self.task != "auto" else infer_task(targets["train"], names)
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
        alike = x.ndim > 2
        return Data(
            splits,
            classes,
            inputs=fitted.inputs if fitted else fit_affine(x, parts["train"], how, alike=alike),
            target_names=names,
            targets=fitted.targets if fitted else fit_affine(t, parts["train"], target_how),
            fingerprint=fingerprint(*(array for x, y, _ in arrays.values() for array in (x, y))),
            notes=tuple(notes),
        )


def check_normalization(standardize: bool, minmax: bool, scale: bool) -> tuple[bool, str]:
    """For `check_options`, as `standardize`: at most one of them may be on."""
    return standardize + minmax + scale <= 1, "the only one of standardize, minmax and scale that is true"


def choose_normalization(standardize: bool, minmax: bool, scale: bool) -> Normalization:
    """The one that is on."""
    return "standardize" if standardize else "minmax" if minmax else "scale" if scale else "none"


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over the arrays' types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for start in range(0, len(array), STRETCH):
            digest.update(np.ascontiguousarray(array[start : start + STRETCH]).data)
    return digest.hexdigest()


def check_share(amount: float) -> tuple[bool, str]:
    """For `check_options`: an amount of rows is a count, as an integer, or a share of them all."""
    whole = isinstance(amount, int)
    return (amount >= 0 if whole else 0 <= amount < 1), "a count of rows, or a share of them below 1.0"


def split_up(
    x: Array,
    t: Array,
    rng: np.random.Generator,
    *,
    validation: float = 0,
    test: float = 0,
    stratify: bool = False,
) -> dict[str, Split]:
    """The rows of x and t as splits, drawn as `split_rows` does; by class of t (R,) with `stratify`."""
    labels = t if stratify else None
    parts = split_rows(len(x), rng, validation=validation, test=test, labels=labels)
    return {name: Split(x, t, rows) for name, rows in parts.items()}


def split_rows(
    count: int,
    rng: np.random.Generator,
    *,
    validation: float = 0,
    test: float = 0,
    labels: Array | None = None,
) -> dict[str, Array]:
    """Row numbers 0 to count: `test` held out first, then `validation`, both at random; the rest is `train`.

    A share counts all rows. With labels (count,), each class gives its share of what is held out.
    NnfsError if no row is left to train on.
    """
    rows, parts = np.arange(count), {}
    for name, amount in (("test", test), ("validation", validation)):
        wanted = amount if isinstance(amount, int) else round(amount * count)
        if wanted >= len(rows):
            raise NnfsError(
                f"dataset.{name}: must leave rows to train on, found {amount} of {len(rows)} rows"
            )
        if wanted:
            rows, parts[name] = hold_out(rows, wanted, rng, labels)
    parts["train"] = rows
    return {name: parts[name] for name in ("train", "validation", "test") if name in parts}


def hold_out(
    rows: Array, wanted: int, rng: np.random.Generator, labels: Array | None = None
) -> tuple[Array, Array]:
    """Row numbers to keep and `wanted` ones to hold out, drawn at random; by class where labels are given."""
    order = rng.permutation(rows)
    if labels is not None:
        # Rows of each class are spread evenly over [0, 1); the first ones of all are then a fair sample.
        _, which, counts = np.unique(labels[order], return_inverse=True, return_counts=True)
        place = np.empty(len(order))
        for k, count in enumerate(counts):
            place[which == k] = (np.arange(count) + 0.5) / count
        order = order[np.argsort(place, kind="stable")]
    return np.sort(order[wanted:]), np.sort(order[:wanted])
