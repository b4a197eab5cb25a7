"""Which rows are for training, for validation and for test."""

from typing import Annotated, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.ranges import Expected, Fraction, NonNegativeInt
from nnfs_cli.preprocessing.by_group import hold_out_groups
from nnfs_cli.preprocessing.by_time import hold_out_latest
from nnfs_cli.preprocessing.folds import Fold
from nnfs_cli.preprocessing.records import Split

HeldOut: TypeAlias = Annotated[
    NonNegativeInt | Fraction, Expected("a count of rows, or a share of them below 1.0")
]
Validation: TypeAlias = Annotated[
    NonNegativeInt | Fraction | Fold,
    Expected("a count of rows, a share of them below 1.0, or a fold such as {fold: 0, of: 5}"),
]


def split_up(
    x: Array,
    t: Array,
    rng: np.random.Generator,
    *,
    validation: float | Fold = 0,
    test: float = 0,
    stratify: bool = False,
) -> dict[str, Split]:
    """Split the rows of x and t at random, by `split_rows`.

    `stratify` splits each class of t (R,) alike; folds always do.
    """
    has_classes = t.ndim == 1
    labels = t if stratify or (has_classes and isinstance(validation, Fold)) else None
    parts = split_rows(len(x), rng, validation=validation, test=test, labels=labels)
    return {name: Split(x, t, rows) for name, rows in parts.items()}


def split_rows(
    count: int,
    rng: np.random.Generator,
    *,
    validation: float | Fold = 0,
    test: float = 0,
    labels: Array | None = None,
    groups: Array | None = None,
    times: Array | None = None,
) -> dict[str, Array]:
    """Draw row numbers below `count` for `test`, then for `validation`; the rest is `train`.

    A float is a share of all rows. With labels (count,), every class is held out in the same share; with
    groups (count,), groups are held out whole; with times (count,), the latest rows are. A `Fold` is cut from
    the rows that are not for test. NnfsError if no row is left to train on.
    """
    rows, parts = np.arange(count), {}
    for name, amount in (("test", test), ("validation", validation)):
        ours = [None if of_all is None else of_all[rows] for of_all in (labels, groups, times)]
        if isinstance(amount, Fold):
            rows, parts[name] = amount.split(rows, *ours)
            continue
        wanted = amount if isinstance(amount, int) else round(amount * count)
        if wanted >= len(rows):
            raise NnfsError(
                f"dataset.{name}: must leave rows to train on, found {amount} of {len(rows)} rows"
            )
        if amount and not wanted:
            raise NnfsError(
                f"dataset.{name}: {amount} of {count} rows is none; write a count, a larger share, or 0"
            )
        if wanted:
            rows, parts[name] = hold_out(rows, wanted, rng, *ours)
    parts["train"] = rows
    return {name: parts[name] for name in ("train", "validation", "test") if name in parts}


def hold_out(
    rows: Array,
    wanted: int,
    rng: np.random.Generator,
    labels: Array | None = None,
    groups: Array | None = None,
    times: Array | None = None,
) -> tuple[Array, Array]:
    """Row numbers to keep, and `wanted` ones to hold out, at random; with labels (R,) from each class alike.

    With groups (R,) or times (R,) it is about as many: see `hold_out_groups` and `hold_out_latest`.
    """
    if times is not None:
        return hold_out_latest(rows, wanted, times)
    if groups is not None:
        return hold_out_groups(rows, wanted, rng, groups)
    order = rng.permutation(len(rows))
    if labels is not None:
        # Spread the rows of each class evenly over [0, 1): the first ones then hold each class in its share.
        _, which, counts = np.unique(labels[order], return_inverse=True, return_counts=True)
        place = np.empty(len(order))
        for k, count in enumerate(counts):
            place[which == k] = (np.arange(count) + 0.5) / count
        order = order[np.argsort(place, kind="stable")]
    return np.sort(rows[order[wanted:]]), np.sort(rows[order[:wanted]])
