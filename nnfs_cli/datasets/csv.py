"""Tables from CSV or Parquet files."""

import codecs
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import MaxLen, MinLen

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.ranges import Expected, PositiveInt
from nnfs_cli.datasets.base import DATASETS, Dataset
from nnfs_cli.preprocessing.affine import IDENTITY, Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.fitting import check_normalization, choose_normalization, fit_affine
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, split_rows
from nnfs_cli.sources.encoding import Missing, encode, fit_columns, refuse_missing
from nnfs_cli.sources.lines import UNNAMED, Dialect
from nnfs_cli.sources.paths import find_files
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_cache import cached_table
from nnfs_cli.sources.targets import class_names, class_numbers, infer_task, real_targets


@DATASETS.register("csv")
@dataclass(frozen=True)
class CSV(Dataset):
    """The rows of a table: features x (N, D), and a target, classes t (N,) or real values (N, M)

    Text columns are categories and become one-hot numbers. Normalization and fill values are fitted to
    the training rows alone, and saved with the run.

    path: a file (.csv, .csv.gz, .parquet), a list of files, or a pattern such as `data/part-*.csv`.
    target: the target column, or a list of several for regression.
    features: the feature columns: a list, or `{include: [...], exclude: [...]}`; by default all others.
    categorical: columns of numbers that are names rather than quantities, such as postal codes.
    task: classification or regression; auto decides by the target.
    test: a file with the test rows; or rows to hold out for test, as a count or as a share.
    validation: rows to hold out for validation, as a count or as a share; of classes the same share of each.
    standardize: bring each feature to mean 0 and standard deviation 1.
    minmax: bring each feature to the range 0 to 1.
    scale: divide each feature by its largest absolute value.
        Images (`image_shape`) are normalized by one map for all pixels.
    standardize_target: train a regression on targets of mean 0 and standard deviation 1, unless its
        loss is for counts or probabilities. Predictions and metrics are in the targets' own
        units either way; the loss is not.
    missing: what to do about missing values: `error`, `drop` the rows, or fill in the column's `mean`, its
        `median` or a `constant`. A missing category becomes the most frequent one; with `constant` it
        becomes a category of its own.
    fill_value: the number that `missing: constant` fills in.
    image_shape: the shape that a row's features have as an image, such as [28, 28].
    augment: random changes of the training images; null for none.
    delimiter: the character between values.
    encoding: the file's text encoding.
    """

    path: str | tuple[str, ...]
    target: Annotated[str | Annotated[tuple[str, ...], MinLen(1)], Expected("a column, or a list of columns")]
    features: tuple[str, ...] | dict[Literal["include", "exclude"], tuple[str, ...]] = ()
    categorical: tuple[str, ...] = ()
    task: Literal["auto", "classification", "regression"] = "auto"
    test: Annotated[str | HeldOut, Expected("a file, a count of rows, or a share of them below 1.0")] = 0
    validation: HeldOut = 0
    standardize: bool = False
    minmax: bool = False
    scale: bool = False
    standardize_target: bool = True
    missing: Missing = "error"
    fill_value: float = 0.0
    image_shape: Annotated[tuple[PositiveInt, ...], Expected("positive sizes, such as [28, 28]")] = ()
    augment: Augmentation | None = None
    delimiter: Annotated[str, MinLen(1), MaxLen(1), Expected("a single character")] = ","
    encoding: str = "utf-8"
    example: ClassVar[Mapping[str, Any]] = {"path": "table.csv", "target": "y"}

    def __post_init__(self) -> None:
        check_options(
            self,
            standardize=check_normalization(self.standardize, self.minmax, self.scale),
            encoding=(_is_encoding(self.encoding), "the name of an encoding, such as utf-8 or cp1252"),
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns."""
        return (self.target,) if isinstance(self.target, str) else self.target

    def load(self, rng: np.random.Generator) -> Data:
        return self._load(rng, None)

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        return self._load(rng, fitted)

    def _load(self, rng: np.random.Generator, fitted: Preparation | None) -> Data:
        """The data, prepared as `fitted` says or, without it, fitted to their own training rows."""
        table, prints = self._read(self.path, "dataset.path")
        missing = table.missing_counts()
        table = self._without_gaps(table, names := self._feature_names(table))
        task, *notes = (self.task,) if self.task != "auto" else infer_task(table, self.targets)
        notes += [
            f"a column without a name is a feature, {name!r}; if it only counts the rows, leave it out with "
            f"`features: {{exclude: [{name!r}]}}`"
            for name in names
            if name.startswith(UNNAMED)
        ]
        classes: tuple[str, ...] = ()
        if task == "classification":
            classes = fitted.classes if fitted else class_names(table, self.targets)
        t = self._target(table, classes)
        labels = t if classes else None
        held_out = 0 if isinstance(self.test, str) else self.test
        parts = split_rows(len(t), rng, validation=self.validation, test=held_out, labels=labels)
        rows = parts["train"]
        columns = fitted.columns if fitted else fit_columns(table, names, rows, self.missing, self.fill_value)
        x = self._input(table, columns)
        inputs = fitted.inputs if fitted else self._fit_inputs(x, rows, columns)
        targets = fitted.targets if fitted else self._fit_targets(t, rows, classes)
        splits = {name: Split(x, t, part) for name, part in parts.items()}
        if isinstance(self.test, str):
            test, more = self._read(self.test, "dataset.test")
            test = self._without_gaps(test, names)
            x_test, t_test = self._input(test, columns), self._target(test, classes)
            splits["test"] = Split(x_test, t_test, np.arange(len(test)))
            prints += more
        return Data(
            splits,
            classes,
            columns=columns,
            inputs=inputs,
            target_names=self.targets,
            targets=targets,
            fingerprint=prints,
            notes=tuple(notes),
            missing=missing,
            augment=self.augment,
        )

    def _read(self, path: str | Sequence[str], option: str) -> tuple[Table, str]:
        """A table that has the columns of the options, and its fingerprint."""
        table, prints = self.table(path, option)
        table.require(self.targets, "dataset.target")
        table.require(self.categorical, "dataset.categorical")
        return table, prints

    def table(self, path: str | Sequence[str], option: str) -> tuple[Table, str]:
        """The table at a path, which is the value of `option`, and its fingerprint."""
        dialect = Dialect(self.delimiter, self.encoding)
        return cached_table(find_files(path, option), dialect, self.categorical)

    def _feature_names(self, table: Table) -> tuple[str, ...]:
        if isinstance(self.features, dict):
            include, exclude = self.features.get("include", ()), self.features.get("exclude", ())
        else:
            include, exclude = self.features, ()
        table.require((*include, *exclude), "dataset.features")
        for name in include:
            if name in self.targets or name in exclude or include.count(name) > 1:
                why = (
                    "the target"
                    if name in self.targets
                    else "excluded"
                    if name in exclude
                    else "listed twice"
                )
                raise NnfsError(f"dataset.features: column {name!r} is {why}")
        names = include or tuple(name for name in table.names if name not in (*self.targets, *exclude))
        if not names:
            raise NnfsError(f"dataset.features: no column of {table.source} is left besides the target")
        return names

    def _without_gaps(self, table: Table, names: Sequence[str]) -> Table:
        """The table, without incomplete rows if they are dropped; NnfsError for gaps that are not allowed."""
        if self.missing == "drop":
            gaps = np.any([table.missing(name) for name in (*names, *self.targets)], axis=0)
            if gaps.all():
                raise NnfsError(f"dataset.missing: each row of {table.source} lacks a value: none is left")
            return table.take(np.flatnonzero(~gaps)) if gaps.any() else table
        refuse_missing(table, self.targets, "a target must be there; `missing: drop` leaves such rows out")
        if self.missing == "error":
            refuse_missing(table, names, "say what to do: `missing: drop`, `mean`, `median` or `constant`")
        return table

    def _target(self, table: Table, classes: Sequence[str]) -> Array:
        if classes:
            return class_numbers(table, self.targets[0], classes)
        return real_targets(table, self.targets)

    def _input(self, table: Table, columns: Sequence[Column]) -> Array:
        x = encode(table, columns)
        if self.image_shape and x.shape[1] != math.prod(self.image_shape):
            raise NnfsError(
                f"dataset.image_shape: {list(self.image_shape)} takes {math.prod(self.image_shape)} "
                f"features, found {x.shape[1]}"
            )
        return x.reshape(-1, *self.image_shape) if self.image_shape else x

    def _fit_inputs(self, x: Array, rows: Array, columns: Sequence[Column]) -> Affine:
        """The normalization: one map for all pixels, or one per column; one-hot numbers stay 0 and 1."""
        how = choose_normalization(self.standardize, self.minmax, self.scale)
        inputs = fit_affine(x, rows, how, shared=bool(self.image_shape))
        one_hot = np.repeat(
            [bool(column.categories) for column in columns], [column.width for column in columns]
        )
        if how == "none" or self.image_shape or not one_hot.any():
            return inputs
        return Affine(np.where(one_hot, 0.0, inputs.shift), np.where(one_hot, 1.0, inputs.scale))

    def _fit_targets(self, t: Array, rows: Array, classes: Sequence[str]) -> Affine:
        return IDENTITY if classes or not self.standardize_target else fit_affine(t, rows, "standardize")


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True
