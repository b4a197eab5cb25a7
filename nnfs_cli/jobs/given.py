"""Rows given from Python instead of a file: the datasets `npz` and `csv`, which read them from memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.values import Overrides
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.datasets.base import fingerprint
from nnfs_cli.datasets.csv import CSV
from nnfs_cli.datasets.npz import NPZ
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources.array_targets import is_one_hot
from nnfs_cli.sources.frames import ColumnKinds
from nnfs_cli.sources.objects import as_pandas, as_rows, as_targets, is_frame, is_series
from nnfs_cli.sources.paths import GIVEN
from nnfs_cli.sources.table import Table
from nnfs_cli.sources.table_reader import table_of_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Given:
    """Rows and targets in memory: `train`, and `test` if there are separate test rows.

    Each is a DataFrame with its target columns, `target`; or the arrays x (N, ...) and y (N,) or (N, M).
    """

    train: Any
    test: Any = None
    target: tuple[str, ...] = ()

    @property
    def kind(self) -> type["GivenTable"] | type["GivenArrays"]:
        """The dataset for these rows."""
        return GivenTable if is_frame(self.train) else GivenArrays

    def dataset(self, present: Any) -> Any:
        """A config's `dataset` for these rows. Its options stay, but for those of another type alone."""
        if not isinstance(present, Mapping | str | None):
            return present  # which the config's reader refuses
        options = dict(present) if isinstance(present, Mapping) else {}
        if options.pop("type", self.kind.type_name) != self.kind.type_name:
            known = {field.name for field in fields(self.kind)}
            options = {name: value for name, value in options.items() if name in known}
        if self.target:
            options["target"] = self.target[0] if len(self.target) == 1 else list(self.target)
        if is_frame(self.train):
            options.setdefault("categorical", self._categorical(options))
        if self.test is not None:
            options["test"] = GIVEN if is_frame(self.train) else 0
        return {"type": self.kind.type_name, **options, "path": GIVEN}

    def _categorical(self, options: Mapping[str, Any]) -> list[str]:
        """The columns of numbers, but for the targets, that pandas has as categories."""
        given = self.target or options.get("target", ())
        targets = given if isinstance(given, list | tuple) else (given,)
        named = [name for name, kind in self.train.dtypes.items() if _has_numbers_as_categories(kind)]
        return [name for name in named if name not in targets]

    def put_into(self, config: ExperimentConfig) -> ExperimentConfig:
        """The config with a dataset that has these rows. NnfsError if it is one of another kind."""
        dataset = config.dataset
        if dataset.type_name != self.kind.type_name:
            what = "a DataFrame" if is_frame(self.train) else "arrays"
            raise NnfsError(f"x: {what}, but the config's dataset is {dataset.type_name}")
        filled = self.kind(**dataset.options())
        object.__setattr__(filled, "given", self)  # it is frozen, and no option
        return replace(config, dataset=filled)


class GivenDirectory(RunDirectory):
    """The directory of a run that was trained on given rows, and these rows."""

    def __init__(self, path: Path, given: Given, *, trust_plugins: bool = False) -> None:
        super().__init__(path, trust_plugins=trust_plugins)
        self.given = given

    def config(self, overrides: Overrides = ()) -> ExperimentConfig:
        return self.given.put_into(super().config(overrides))


class GivenTable(CSV):
    """A DataFrame's rows."""

    given: Given

    def table(self, path: str | Sequence[str], option: str, kinds: ColumnKinds) -> tuple[Table, str]:
        if path != GIVEN:  # a file of test rows
            return super().table(path, option, kinds)
        name, frame = ("x_test", self.given.test) if option == "dataset.test" else ("x", self.given.train)
        table = table_of_frame(frame, name, kinds, self.na_values or ())
        texts = [
            array for column in table.texts.values() for array in (column.codes, np.array(column.levels))
        ]
        return table, fingerprint(np.array(table.names), table.numbers, *texts)


class GivenArrays(NPZ):
    """Rows of arrays."""

    given: Given

    def arrays(self) -> dict[str, tuple[Array, Array, str]]:
        splits = {"train": (self.given.train, "x and y"), "test": (self.given.test, "x_test and y_test")}
        return {name: (*pair, source) for name, (pair, source) in splits.items() if pair is not None}


def given_rows(x: Any, y: Any, x_test: Any = None, y_test: Any = None) -> Given:
    """The rows x and their targets y, as `Experiment` takes them. NnfsError if they do not go together."""
    x, y, y_test = as_rows(x), as_pandas(y, "y"), as_pandas(y_test, "y_test")
    test: Any = None if x_test is None else as_rows(x_test, "x_test")
    if test is not None and is_frame(test) != is_frame(x):
        raise NnfsError("x_test: must be like x, both arrays or both DataFrames")
    if test is None and y_test is not None:
        raise NnfsError("y_test: given without x_test")
    if is_frame(y) and is_one_hot(y.to_numpy()):
        y, y_test = _classes(y), _classes(y_test) if is_frame(y_test) else y_test
    if is_frame(x):
        x, test = _with_texts_as_names(x), test if test is None else _with_texts_as_names(test)
        names = _column_names(y, x)
        train = x if names is not None else _with_targets(x, y, "y")
        targets = tuple(train.columns[x.shape[1] :]) if names is None else names
        if names is not None and not (y_test is None or isinstance(y_test, str)):
            raise NnfsError("y_test: y names a column of x, so x_test must have that column, too")
        if is_frame(test) and names is None:
            test = _with_targets(test, y_test, "y_test", targets)
        for name, frame in (("x", train), ("x_test", test)):
            if frame is not None and not len(frame):
                raise NnfsError(f"{name}: has no rows")
        return Given(train, test, targets)
    if isinstance(y, str):
        raise NnfsError(f"y: {y!r} would name a column, but x is an array and has none; give y as an array")
    return Given(_pair(x, y, ""), None if test is None else _pair(test, y_test, "_test"))


def _pair(x: Array, y: Any, suffix: str) -> tuple[Array, Array]:
    if y is None:
        raise NnfsError(f"y{suffix}: missing; x{suffix} has {len(x)} rows, and each needs a target")
    y = as_targets(y, f"y{suffix}")
    if not len(x):
        raise NnfsError(f"x{suffix}: has no rows")
    if len(x) != len(y):
        raise NnfsError(
            f"x{suffix}, y{suffix}: must have the same number of rows, found shapes {x.shape} and {y.shape}"
        )
    return x, y


def _column_names(y: Any, frame: "pd.DataFrame") -> tuple[str, ...] | None:
    """The target columns if y names columns of the frame (none: the config names them); else None."""
    if y is None:
        return ()
    names = (str(y),) if isinstance(y, str | int) else y
    are_names = isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names)
    if are_names and set(names) <= set(frame.columns) and len(set(names)) == len(names):
        return tuple(names)
    if isinstance(y, str | int):
        raise NnfsError(f"y: x has no column {y!r}; its columns are {', '.join(frame.columns)}")
    return None


def _has_numbers_as_categories(kind: Any) -> bool:
    return bool(kind == "category" and kind.categories.dtype.kind in "iuf")


def _with_texts_as_names(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.set_axis([str(name) for name in frame.columns], axis=1)


def _classes(y: "pd.DataFrame") -> "pd.Series[Any]":
    """The class of each one-hot row, as `pd.get_dummies` makes them: the name of the column with the 1."""
    return y.set_axis([str(column) for column in y.columns], axis=1).idxmax(axis=1).rename("y")


def _with_targets(x: "pd.DataFrame", y: Any, name: str, targets: tuple[str, ...] = ()) -> "pd.DataFrame":
    """A table with the targets as its last columns. `targets`: their names, if these are known."""
    if y is None:
        raise NnfsError(f"{name}: missing; each row needs a target")
    if (is_frame(y) or is_series(y)) and not y.index.equals(x.index):
        raise NnfsError(
            f"{name}: its index is not that of the rows; `{name}.loc[x.index]` brings it into their order, "
            f"`{name}.to_numpy()` takes it as it stands"
        )
    columns = _as_columns(y, name)
    if targets and set(columns) != set(targets):
        if len(columns) != len(targets) or (len(targets) > 1 and is_frame(y)):
            raise NnfsError(f"{name}: must have the targets {listed(targets)}, found {listed(list(columns))}")
        columns = dict(zip(targets, columns.values(), strict=True))
    taken = [column for column in columns if column in x.columns]
    if taken:
        raise NnfsError(f"{name}: x has a column {taken[0]!r}, too; drop it there, or write `y={taken[0]!r}`")
    if len(y) != len(x):
        raise NnfsError(f"{name}: must have as many rows as x, {len(x)}, found {len(y)}")
    return x.assign(**columns)


def _as_columns(y: Any, name: str) -> dict[str, Any]:
    """Targets as columns with their own names, or y, or y1, y2, ..."""
    if is_frame(y):
        return {str(column): y[column].to_numpy() for column in y.columns}
    if is_series(y):
        return {"y" if y.name is None else str(y.name): y.to_numpy()}
    targets = as_targets(y, name)
    return {"y": targets} if targets.ndim == 1 else {f"y{m + 1}": each for m, each in enumerate(targets.T)}
