"""Which rows are for training, for validation and for test."""

from typing import Annotated, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.ranges import Expected, Fraction, NonNegativeInt
from nnfs_cli.preprocessing.records import Split

HeldOut: TypeAlias = Annotated[
    NonNegativeInt | Fraction, Expected("a count of rows, or a share of them below 1.0")
]


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
