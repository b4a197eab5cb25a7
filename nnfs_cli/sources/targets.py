"""Target columns: classes or real values, and their numbers."""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, counted, did_you_mean
from nnfs_cli.preprocessing.limits import refuse_unusable
from nnfs_cli.preprocessing.records import Task
from nnfs_cli.sources.spellings import spell
from nnfs_cli.sources.table import Table, Texts

MOST_INFERRED_CLASSES = 20
"""Whole numbers with more different values are quantities, unless `task` says otherwise."""


def table_of_targets(y: Array, source: str) -> Table:
    """An array of targets (R,) or (R, M), numbers or texts, as a table with the column y, or y1, y2, ..."""
    if y.ndim not in (1, 2) or y.dtype.kind not in "biufU":
        raise NnfsError(f"{source}: targets must be (rows,) or (rows, outputs), found {y.shape} of {y.dtype}")
    if y.dtype.kind == "U":
        if y.ndim == 2:
            raise NnfsError(f"{source}: targets that are texts must be (rows,), found {y.shape}")
        levels, codes = np.unique(y, return_inverse=True)
        texts = {"y": Texts(codes.astype(np.int32), tuple(str(level) for level in levels))}
        return Table(source, ("y",), (), np.empty((len(y), 0)), texts)
    numbers = np.asarray(y, np.uint8 if y.dtype.kind == "b" else None)
    numbers = numbers[:, np.newaxis] if y.ndim == 1 else numbers
    width = numbers.shape[1]
    names = ("y",) if width == 1 else tuple(f"y{m + 1}" for m in range(width))
    return Table(source, names, names, numbers, {})


def infer_task(table: Table, names: Sequence[str]) -> tuple[Task, str]:
    """The task that follows from the target columns, and a sentence that says why."""
    named = " and ".join(repr(name) for name in names)
    if len(names) > 1:
        return "regression", f"task: regression, since there are several target columns: {named}"
    if names[0] in table.texts:
        texts = f"texts, such as {table.texts[names[0]].levels[0][:40]!r}"
        return "classification", f"task: classification, since the target {named} holds {texts}"
    values = table.number(names[0])
    if not bool(np.all((values == np.floor(values)) | np.isnan(values))):
        return "regression", f"task: regression, since the target {named} holds fractions"
    distinct = table.distinct(names[0])
    if distinct <= MOST_INFERRED_CLASSES and 2 * distinct <= len(table):
        why = f"the target {named} holds whole numbers of only {counted(distinct, 'different value')}"
        return (
            "classification",
            f"task: classification, since {why}; if they are quantities, write `task: regression`",
        )
    numbers = "a single whole number" if distinct == 1 else f"{distinct} different whole numbers"
    few = "" if distinct > MOST_INFERRED_CLASSES else f" in only {counted(len(table), 'row')}"
    why = f"the target {named} holds {numbers}{few}"
    return "regression", f"task: regression, since {why}; if they are classes, write `task: classification`"


def class_names(table: Table, names: Sequence[str], option: str = "dataset.target") -> tuple[str, ...]:
    """The classes of the one target column, sorted: numbers by size, texts by letter.

    option: the option that says which column this is.
    NnfsError if there are several columns, or a single class.
    """
    if len(names) > 1:
        raise NnfsError(
            f"{option}: classification takes one target column, found {len(names)} in {table.source}"
        )
    classes = _distinct(table, names[0])
    if len(classes) < 2:
        raise NnfsError(
            f"{option}: column {names[0]!r} in {table.source} has only one class, "
            f"{classes[0]!r}: there is nothing to tell apart"
        )
    return classes


def _distinct(table: Table, name: str) -> tuple[str, ...]:
    if name in table.texts:
        return tuple(table.texts[name].present())
    values = _usable(table, name)
    fractions = values[values != np.floor(values)]
    if len(fractions):
        raise NnfsError(
            f"dataset.task: classification needs classes, but column {name!r} in {table.source} "
            f"holds fractions, such as {fractions[0]:g}"
        )
    return tuple(map(spell, np.unique(values).tolist()))


def class_numbers(table: Table, name: str, classes: Sequence[str]) -> Array:
    """Each row's class (R,), as an index into `classes`. NnfsError for a class that is not among them."""
    place = {label: k for k, label in enumerate(classes)}
    if name in table.texts:
        codes, levels = table.texts[name].codes, table.texts[name].levels
    else:
        values, codes = np.unique(_usable(table, name), return_inverse=True)
        levels = tuple(map(spell, values.tolist()))
    numbers = np.array([place.get(level, -1) for level in levels], np.intp)[codes]
    if (numbers < 0).any():
        row = int((numbers < 0).argmax())
        raise NnfsError(
            f"{table.where(row, name)}: class {levels[codes[row]]!r} is not among "
            f"those trained on{did_you_mean(levels[codes[row]], classes)}"
        )
    return numbers


def _usable(table: Table, name: str) -> Array:
    """A column's numbers; NnfsError for one that is unusable."""
    values = table.number(name)
    refuse_unusable(values, lambda row: table.where(row, name))
    return values


def real_targets(table: Table, names: Sequence[str]) -> Array:
    """The target columns as (R, M). NnfsError for texts and for unusable numbers."""
    texts = [name for name in names if name in table.texts]
    if texts:
        example = table.texts[texts[0]].levels[:1]
        raise NnfsError(
            f"dataset.task: regression needs numbers, but column {texts[0]!r} in {table.source} holds "
            f"texts, such as {example[0] if example else ''!r}"
        )
    targets = np.stack([table.number(name).astype(np.float64) for name in names], axis=1)
    refuse_unusable(targets, lambda row, m: table.where(row, names[m]))
    return targets
