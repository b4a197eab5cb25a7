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
from nnfs_cli.sources.chosen import Chosen
from nnfs_cli.sources.column_notes import roles, second_look
from nnfs_cli.sources.columns import Missing, Unknown, fit_columns, refuse_texts
from nnfs_cli.sources.encoding import Encoded, encode
from nnfs_cli.sources.gaps import drop_gaps, refuse_gaps, refuse_targets
from nnfs_cli.sources.lines import Dialect
from nnfs_cli.sources.paths import find_files
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_cache import cached_table
from nnfs_cli.sources.tally import Tally
from nnfs_cli.sources.targets import class_names, class_numbers, infer_task, real_targets


@DATASETS.register("csv")
@dataclass(frozen=True)
class CSV(Dataset):
    """The rows of a table: features x (N, D), and a target, classes t (N,) or real values (N, M)

    Text columns are categories and become one-hot numbers; more than 256 different texts, more than 24
    different dates or times, or texts that seldom repeat are refused. Normalization and fill values are
    fitted to the training rows alone, and saved with the run.

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
        becomes a category of its own. A row without a target is dropped, or else an error.
    fill_value: the number that `missing: constant` fills in.
    unknown: what to do about a category that training does not know, in the test file or a prediction's
        input: `error`, or `ignore` to take it for none, which makes all its one-hot numbers 0.
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
    unknown: Unknown = "error"
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

    @property
    def _chosen(self) -> Chosen:
        return Chosen.by(self.features)

    def load(self, rng: np.random.Generator) -> Data:
        return self._load(rng, None)

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        return self._load(rng, fitted)

    def _load(self, rng: np.random.Generator, fitted: Preparation | None) -> Data:
        """The data, prepared as `fitted` says or, without it, fitted to their own training rows."""
        table, prints = self._read(self.path, "dataset.path")
        names = (
            tuple(column.name for column in fitted.columns)
            if fitted
            else self._chosen.names(table, self.targets)
        )
        table.require(names, "dataset.path")
        missing, count = table.missing_counts(), len(table)
        table, notes = self._without_gaps(table, names)
        task, why = (self.task, "") if self.task != "auto" else infer_task(table, self.targets)
        classes: tuple[str, ...] = ()
        if task == "classification":
            classes = fitted.classes if fitted else class_names(table, self.targets)
        t = self._target(table, classes)
        labels = t if classes else None
        held_out = 0 if isinstance(self.test, str) else self.test
        parts = split_rows(len(t), rng, validation=self.validation, test=held_out, labels=labels)
        rows = parts["train"]
        columns = fitted.columns if fitted else self._fit_columns(table, names, rows)
        tally = Tally(columns)
        encoded, x = self._input(table, columns, tally)
        inputs = fitted.inputs if fitted else self._fit_inputs(x, rows, columns)
        targets = fitted.targets if fitted else self._fit_targets(t, rows, classes)
        splits = {name: Split(x, t, part) for name, part in parts.items()}
        if isinstance(self.test, str):
            test, more = self._read(self.test, "dataset.test")
            test.require(names, "dataset.test")
            test, test_notes = self._without_gaps(test, names)
            _, x_test = self._input(test, columns, tally)
            t_test = self._target(test, classes)
            splits["test"] = Split(x_test, t_test, np.arange(len(test)))
            prints += more
            notes += [f"{test.source}: {note}" for note in test_notes]
        look = "" if self.image_shape else self._second_look(table, columns, missing, count)
        fills = tally.notes(f"(`missing: {self.missing}`)")
        said = [why, roles(table, columns, self.targets, self.image_shape), *notes, *fills, look]
        return Data(
            splits,
            classes,
            columns=columns,
            inputs=inputs,
            target_names=self.targets,
            targets=targets,
            fingerprint=prints,
            notes=tuple(filter(None, said)),
            why_task=why,
            missing=missing,
            filled=encoded.filled,
            augment=self.augment,
        )

    def _read(self, path: str | Sequence[str], option: str) -> tuple[Table, str]:
        """A table that has the columns of the options, and its fingerprint."""
        dialect = Dialect(self.delimiter, self.encoding)
        table, prints = cached_table(find_files(path, option), dialect, self.categorical)
        table.require(self.targets, "dataset.target")
        table.require(self.categorical, "dataset.categorical")
        return table, prints

    def _without_gaps(self, table: Table, names: Sequence[str]) -> tuple[Table, list[str]]:
        """The table, without incomplete rows if they are dropped, and notes; NnfsError for a gap."""
        if self.missing == "drop":
            return drop_gaps(table, names, self.targets, self._chosen.leave_out)
        refuse_targets(table, self.targets, names)
        if self.missing == "error":
            refuse_gaps(table, names, self._chosen.leave_out)
        return table, []

    def _fit_columns(self, table: Table, names: Sequence[str], rows: Array) -> tuple[Column, ...]:
        refuse_texts(table, names, self.categorical, self._chosen.leave_out)
        return fit_columns(table, names, rows, self.missing, self.fill_value, self.unknown)

    def _second_look(
        self, table: Table, columns: Sequence[Column], missing: Mapping[str, int], count: int
    ) -> str:
        return second_look(table, columns, missing, count, self.categorical, self._chosen.leave_out)

    def _target(self, table: Table, classes: Sequence[str]) -> Array:
        if classes:
            return class_numbers(table, self.targets[0], classes)
        return real_targets(table, self.targets)

    def _input(self, table: Table, columns: Sequence[Column], tally: Tally) -> tuple[Encoded, Array]:
        """The table encoded, and its rows x in the shape of the network's input."""
        encoded = encode(table, columns)
        encoded.require_all()
        tally.add(encoded)
        x = encoded.x
        if self.image_shape and x.shape[1] != math.prod(self.image_shape):
            raise NnfsError(
                f"dataset.image_shape: {list(self.image_shape)} takes {math.prod(self.image_shape)} "
                f"features, found {x.shape[1]}"
            )
        return encoded, x.reshape(-1, *self.image_shape) if self.image_shape else x

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
