"""Tables from CSV or Parquet files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import MaxLen, MinLen

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, check_options, listed
from nnfs_cli.core.ranges import Expected, PositiveInt
from nnfs_cli.datasets.base import DATASETS, Dataset
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.augmentation import Augmentation
from nnfs_cli.preprocessing.fitting import check_normalization, choose_normalization, fit_affine, spared
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.preprocessing.records import Data, Split
from nnfs_cli.preprocessing.splitting import HeldOut, Validation, split_rows
from nnfs_cli.sources.chosen import Chosen
from nnfs_cli.sources.column_notes import roles, second_look
from nnfs_cli.sources.columns import Missing, Unknown, fit_columns, refuse_texts
from nnfs_cli.sources.dialect import Dialect, dialect_of, is_delimiter, is_mark
from nnfs_cli.sources.encoding import encode_all
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.gaps import drop_gaps, refuse_gaps, refuse_targets
from nnfs_cli.sources.lines import is_encoding
from nnfs_cli.sources.lookalikes import refuse_lookalikes, text_notes, written_gaps
from nnfs_cli.sources.paths import GIVEN, FilePath, find_files
from nnfs_cli.sources.records import UNNAMED
from nnfs_cli.sources.split_keys import Kind, check_keys, keys_of, require_keys, split_key
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

    CSV files are read by the rules of Python's csv module: a quoted value may hold delimiters and line ends;
    blanks belong to a value, unless the header has one after each delimiter. Classes and categories are named
    as the file spells them. Labels are numbers only if all are spelled plainly: 007 and 7 are two classes.
    Integers of 2^53 and beyond, which float64 would round, are texts.

    path: a file (.csv, .csv.gz, .parquet), a list of files, or a pattern such as `data/part-*.csv`.
    target: the target column, or a list of several for regression.
    features: the feature columns: a list, or `{include: [...], exclude: [...]}`; by default all others.
    categorical: columns of numbers that are names rather than quantities, such as postal codes.
    task: classification or regression; auto decides by the target.
    test: a file with the test rows; or rows to hold out for test, as a count or as a share.
    validation: rows to hold out for validation: a count, a share, or a fold such as {fold: 0, of: 5}; of
        classes the same share of each.
    group: a column whose equal values name rows that belong together, such as all of a patient: they are held
        out whole, as near to the count asked for as that allows. It is no feature unless `features` names it.
    time: a column of numbers, or of dates and times in ISO form: the latest rows are held out for test, those
        before them for validation. It is no feature unless `features` names it.
    standardize: bring each feature to mean 0 and standard deviation 1.
    minmax: bring each feature to the range 0 to 1.
    scale: divide each feature by its largest absolute value.
        Images (`image_shape`) are normalized by one map for all pixels.
    standardize_target: train a regression on targets of mean 0 and standard deviation 1; auto does so unless
        the last layer has bounds, as sigmoid and relu have, or the loss is for counts or probabilities.
        Predictions and metrics are in the targets' own units either way; the loss is not.
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
    decimal: the decimal point.
    thousands: the character between groups of digits, such as `,` in 1,000; by default there is none.
    na_values: the texts that stand for missing values, as an empty value always does. By default those of
        pandas: `NA`, `N/A`, `n/a`, `<NA>`, `#N/A`, `#N/A N/A`, `#NA`, `None`, `NULL`, `null`, `NaN`, `nan`,
        `-NaN`, `-nan`, `-1.#IND`, `-1.#QNAN`, `1.#IND`, `1.#QNAN`.
    """

    path: FilePath | tuple[FilePath, ...]
    target: Annotated[str | Annotated[tuple[str, ...], MinLen(1)], Expected("a column, or a list of columns")]
    features: tuple[str, ...] | dict[Literal["include", "exclude"], tuple[str, ...]] = ()
    categorical: tuple[str, ...] = ()
    task: Literal["auto", "classification", "regression"] = "auto"
    test: Annotated[FilePath | HeldOut, Expected("a file, a count of rows, or a share of them below 1.0")] = 0
    validation: Validation = 0
    group: str = ""
    time: str = ""
    standardize: bool = False
    minmax: bool = False
    scale: bool = False
    standardize_target: bool | Literal["auto"] = "auto"
    missing: Missing = "error"
    fill_value: float = 0.0
    unknown: Unknown = "error"
    image_shape: Annotated[tuple[PositiveInt, ...], Expected("positive sizes, such as [28, 28]")] = ()
    augment: Augmentation | None = None
    delimiter: Annotated[str, MinLen(1), MaxLen(1), Expected("a single character")] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: str = ""
    na_values: tuple[str, ...] | None = None
    example: ClassVar[Mapping[str, Any]] = {"path": "table.csv", "target": "y"}

    def __post_init__(self) -> None:
        check_options(
            self,
            target=(len(set(self.targets)) == len(self.targets), "columns that differ"),
            **check_keys(self.group, self.time, self.targets),
            standardize=check_normalization(self.standardize, self.minmax, self.scale),
            delimiter=(is_delimiter(self.delimiter), "no quote or line end"),
            thousands=(
                not self.thousands or (is_mark(self.thousands) and self.thousands != self.decimal),
                "a single character, no letter, digit or sign, and not the decimal point",
            ),
            encoding=(is_encoding(self.encoding), "the name of an encoding, such as utf-8 or cp1252"),
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def _keys(self) -> dict[Kind, str]:
        return keys_of(self.group, self.time)

    @property
    def _chosen(self) -> Chosen:
        return Chosen.by(self.features)

    def load(self, rng: np.random.Generator) -> Data:
        return self._load(rng, None)

    def load_as(self, fitted: Preparation, rng: np.random.Generator) -> Data:
        return self._load(rng, fitted)

    def _load(self, rng: np.random.Generator, fitted: Preparation | None) -> Data:
        """The data, prepared as `fitted` says or, without it, fitted to their own training rows."""
        table, prints = self._read(self.path, "dataset.path", self._kinds())
        missing, count = table.missing_counts(), len(table)
        empty = [name for name in missing if name.startswith(UNNAMED) and missing[name] == count]
        names = (
            tuple(column.name for column in fitted.columns)
            if fitted
            else self._chosen.names(table, self.targets, (*empty, *self._keys.values()))
        )
        table.require(names, "dataset.path")
        require_keys(table, self._keys)
        self._refuse_unreadable(table, names)
        table, notes = self._without_gaps(table, names, self.path)
        task, why = (self.task, "") if self.task != "auto" else infer_task(table, self.targets)
        if empty:
            notes.append(f"columns without a name and without values are left out: {listed(empty)}")
        notes += text_notes(table, self._not_categorical(names, self.targets), self.dialect)
        classes: tuple[str, ...] = ()
        if task == "classification":
            classes = fitted.classes if fitted else class_names(table, self.targets)
        t = self._target(table, classes)
        labels = {"labels": t} if classes else {}
        split_by = [split_key(table, kind, name) for kind, name in self._keys.items()]
        labels |= {f"{key.kind}s": key.codes for key in split_by}
        held_out = 0 if isinstance(self.test, str) else self.test
        parts = split_rows(len(t), rng, validation=self.validation, test=held_out, **labels)
        notes += [key.note(parts) for key in split_by]
        rows = parts["train"]
        columns = fitted.columns if fitted else self._fit_columns(table, names, rows)
        tally = Tally(columns)
        x, filled = self._input(table, columns, tally)
        inputs = fitted.inputs if fitted else self._fit_inputs(x, rows, columns)
        plain = bool(classes) or not self.standardize_target
        targets = fitted.targets if fitted else fit_affine(t, rows, "none" if plain else "standardize")
        splits = {name: Split(x, t, part) for name, part in parts.items()}
        if isinstance(self.test, str):
            test, more = self._read(self.test, "dataset.test", self._kinds_like(table, names))
            test.require(names, "dataset.test")
            test, test_notes = self._without_gaps(test, names, self.test)
            x_test, _ = self._input(test, columns, tally)
            t_test = self._target(test, classes)
            splits["test"] = Split(x_test, t_test, np.arange(len(test)))
            prints += more
            notes += [f"{test.source}: {note}" for note in filter(None, (*test_notes, test.note))]
        fills = tally.notes(f"(`missing: {self.missing}`)")
        looked_at = () if self.image_shape else columns
        look = second_look(table, looked_at, missing, count, self.categorical, self._chosen.leave_out)
        used = (*self.targets, *self._keys.values())
        said = [why, roles(table, columns, used, self.image_shape), *notes, *fills, look, table.note]
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
            missing={name: gaps for name, gaps in missing.items() if name not in empty},
            filled=filled,
            augment=self.augment,
        )

    @property
    def dialect(self) -> Dialect:
        """How the files are written."""
        return dialect_of(vars(self))

    def _read(self, path: str | Sequence[str], option: str, kinds: ColumnKinds) -> tuple[Table, str]:
        """A table that has the columns of the options, and its fingerprint."""
        table, prints = self.table(path, option, kinds)
        table.require(self.targets, "dataset.target")
        table.require(self.categorical, "dataset.categorical")
        return table, prints

    def table(self, path: str | Sequence[str], option: str, kinds: ColumnKinds) -> tuple[Table, str]:
        """The table at a path, which is the value of `option`, and its fingerprint."""
        return cached_table(find_files(path, option), self.dialect, kinds)

    def _kinds(self) -> ColumnKinds:
        """How to read the table: a single target may be labels."""
        labels = self.targets if self.task != "regression" and len(self.targets) == 1 else ()
        groups = (self.group,) if self.group else ()
        return ColumnKinds(texts=frozenset(self.categorical), labels=frozenset((*labels, *groups)))

    def _kinds_like(self, table: Table, names: Sequence[str]) -> ColumnKinds:
        """How to read the test file: each column as in the training file."""
        texts, numbers = (
            frozenset(name for name in (*names, *self.targets) if name in kind)
            for kind in (table.texts, table.numeric)
        )
        labels = numbers & frozenset(self.targets)
        return ColumnKinds(texts=texts, labels=labels, numbers=numbers - labels)

    def _refuse_unreadable(self, table: Table, names: Sequence[str]) -> None:
        """NnfsError for columns that hold neither numbers nor names, or numbers in another spelling."""
        leave_out = self._chosen.leave_out
        table.refuse_nested(names, leave_out)
        table.refuse_nested(self.targets)
        columns = self._not_categorical(names, () if self.task == "classification" else self.targets)
        labels = () if self.task == "regression" else self.targets
        refuse_lookalikes(table, columns, labels, self.dialect, leave_out)

    def _not_categorical(self, names: Sequence[str], targets: Sequence[str]) -> list[str]:
        return [name for name in (*names, *targets) if name not in self.categorical]

    def _without_gaps(
        self, table: Table, names: Sequence[str], path: str | Sequence[str]
    ) -> tuple[Table, list[str]]:
        """The table, without incomplete rows if they are dropped, and notes; NnfsError for a gap."""
        if self.missing == "drop":
            keys = [name for name in self._keys.values() if name in table.names]  # test rows need none
            return drop_gaps(table, (*names, *keys), self.targets, self._chosen.leave_out)
        refused = (*self.targets, *(names if self.missing == "error" else ()))
        files = [] if path == GIVEN else find_files(path, "")
        written = written_gaps(files, table, refused, self.dialect)
        refuse_targets(table, self.targets, names, written)
        if self.missing == "error":
            refuse_gaps(table, names, self._chosen.leave_out, written)
        return table, []

    def _fit_columns(self, table: Table, names: Sequence[str], rows: Array) -> tuple[Column, ...]:
        refuse_texts(table, names, self.categorical, self._chosen.leave_out)
        return fit_columns(table, names, rows, self.missing, self.fill_value, self.unknown)

    def _target(self, table: Table, classes: Sequence[str]) -> Array:
        if classes:
            return class_numbers(table, self.targets[0], classes)
        return real_targets(table, self.targets)

    def _input(
        self, table: Table, columns: Sequence[Column], tally: Tally
    ) -> tuple[Array, Mapping[str, Array]]:
        """The table's rows x in the shape of the network's input; for each column, which gaps were filled."""
        x, filled = encode_all(table, columns, tally.add)
        if self.image_shape and x.shape[1] != math.prod(self.image_shape):
            raise NnfsError(
                f"dataset.image_shape: {list(self.image_shape)} takes {math.prod(self.image_shape)} "
                f"features, found {x.shape[1]}"
            )
        return x.reshape(-1, *self.image_shape) if self.image_shape else x, filled

    def _fit_inputs(self, x: Array, rows: Array, columns: Sequence[Column]) -> Affine:
        """The normalization: one map for all pixels, or one per column; one-hot numbers stay 0 and 1."""
        how = choose_normalization(self.standardize, self.minmax, self.scale)
        inputs = fit_affine(x, rows, how, shared=bool(self.image_shape))
        one_hot = np.repeat([bool(each.categories) for each in columns], [each.width for each in columns])
        return inputs if self.image_shape else spared(inputs, one_hot)
