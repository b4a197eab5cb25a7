"""The targets of datasets of arrays: classes, from labels or one-hot rows, or real values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.sources.targets import class_names, class_numbers, infer_task, real_targets, table_of_targets


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of a dataset, split by split.

    columns: their names.  classes: the classes' names; empty for real values.
    t: class numbers (R,) or real values (R, M).
    why: a sentence on why the task was told as it was; empty if an option gives the task.
    notes: sentences on what was inferred, this one among them.
    """

    columns: tuple[str, ...]
    classes: tuple[str, ...]
    t: Mapping[str, Array]
    why: str
    notes: tuple[str, ...]


def array_targets(
    arrays: Mapping[str, tuple[Array, str]], task: str, names: Sequence[str], known: Sequence[str] = ()
) -> Targets:
    """The targets y of `train` and of other splits, each given with a name for messages.

    task: classification, regression, or auto.
    names: the classes' names, if they shall not be the labels.  known: the labels of an earlier run.
    """
    y, source = arrays["train"]
    why = ""
    if task != "regression" and is_one_hot(y):
        arrays = {
            name: (_places_of_ones(each, y.shape[1], where), where) for name, (each, where) in arrays.items()
        }
        why = (
            f"task: classification, since y {y.shape} is one-hot: a row's class is the place of its 1; "
            f"`task: regression` takes its numbers"
        )
        task, names = "classification", names or tuple(map(str, range(y.shape[1])))
    tables = {name: table_of_targets(each, where) for name, (each, where) in arrays.items()}
    columns = tables["train"].names
    if task == "auto":
        task, why = infer_task(tables["train"], columns)
        why = _shares(y) or why
        if len(columns) == 1 and y.dtype.kind in "biu" and tables["train"].distinct(columns[0]) == 1:
            task = "classification"  # the one class is told below
    if task == "regression":
        t = {name: real_targets(table, columns) for name, table in tables.items()}
        return Targets(columns, (), t, why, tuple(filter(None, [why])))
    found = class_names(tables["train"], columns, "dataset.y")
    labels = named_labels(names, found, f"{source}: y") if names else tuple(known) or found
    notes = [why, *(label_notes("y", labels, names, found) if names else ())]
    t = {name: class_numbers(table, columns[0], labels) for name, table in tables.items()}
    return Targets(columns, tuple(names) or labels, t, why, tuple(filter(None, notes)))


def is_one_hot(y: Array) -> bool:
    """Whether each row of y (R, K) holds a single 1, and else 0."""
    if y.ndim != 2 or y.shape[1] < 2 or not len(y) or y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (np.count_nonzero(y, axis=1) == 1).all())


def named_labels(names: Sequence[str], found: Sequence[str], place: str) -> tuple[str, ...]:
    """The label that each of the classes' names stands for.

    These are the sorted labels that were found; or, if there are more names, the numbers from 0 or 1 on.
    """
    numbers = [tuple(str(first + k) for k in range(len(names))) for first in (0, 1)]
    for labels in (tuple(found), *numbers):
        if len(labels) == len(names) and set(found) <= set(labels):
            return labels
    raise NnfsError(
        f"dataset.classes: names {len(names)} classes, but {place} has the {len(found)} labels "
        f"{listed(found)}"
    )


def label_notes(
    what: str, labels: Sequence[str], names: Sequence[str], found: Sequence[str]
) -> tuple[str, ...]:
    """A sentence on the classes of labels that are not 0, 1, 2, ...; none for those that are."""
    if found[0] == "0" and all(label == str(k) for k, label in enumerate(labels)):
        return ()
    said = f"the labels in {what} do not count from 0 on"
    if tuple(labels) == tuple(names):
        return (f"{said}; its classes are {listed(labels, 12)}",)
    pairs = [f"{label} is {name!r}" for label, name in zip(labels, names, strict=True)]
    return (f"{said}: {listed(pairs, 12)}",)


def _places_of_ones(y: Array, width: int, place: str) -> Array:
    """The class numbers (R,) of one-hot rows y (R, width)."""
    if not is_one_hot(y) or y.shape[1] != width:
        raise NnfsError(f"{place}: y must be one-hot (rows, {width}), as in training, found shape {y.shape}")
    return np.asarray(y.argmax(axis=1))


def _shares(y: Array) -> str:
    """The reason for a regression if the rows of y (R, K) are shares, as labels smoothed or voted upon."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind != "f" or y.min() < 0:
        return ""
    if not np.allclose(y.sum(axis=1), 1.0, atol=1e-3):
        return ""
    return (
        f"task: regression, since the rows of y {y.shape} hold shares of several classes; for a "
        f"classification save one class a row, such as y.argmax(axis=1)"
    )
