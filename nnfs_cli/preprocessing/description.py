"""What is in the data: sizes, statistics and class balance, before and after normalization."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, is_channels_last
from nnfs_cli.core.errors import counted
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.preparation import Column, Preparation
from nnfs_cli.preprocessing.records import Data, Split

MOST_ROWS = 20_000
"""Statistics are those of at most this many training rows, evenly spaced."""
ONE_HOT_ROWS = 10


@dataclass(frozen=True)
class Statistics:
    """Statistics of a column, or of all pixels: raw, and normalized as the network gets them.

    missing: how many of the rows lack a value. The raw statistics leave these rows out; the normalized ones
        hold what fills the gaps.
    levels: for categories, how many of the rows have each, the most frequent first. Then the numbers are
        None, as they are where no row has a value.
    """

    name: str
    kind: str
    missing: int
    mean: float | None = None
    std: float | None = None
    low: float | None = None
    median: float | None = None
    high: float | None = None
    normalized_mean: float | None = None
    normalized_std: float | None = None
    normalized_low: float | None = None
    normalized_high: float | None = None
    levels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """A dataset in numbers. Statistics are those of `sampled` training rows.

    class_counts: for each split, how many rows each class has.
    one_hot: the first training labels, each with its one-hot row.
    missing: how many values each column of a table lacks, in all rows.
    unused: the table's columns that are neither features nor targets.
    """

    task: str
    input_shape: tuple[int, ...]
    dtype: str
    rows: Mapping[str, int]
    classes: tuple[str, ...]
    class_counts: Mapping[str, tuple[int, ...]]
    sampled: int
    features: tuple[Statistics, ...]
    targets: tuple[Statistics, ...]
    target_names: tuple[str, ...]
    one_hot: tuple[str, ...]
    missing: Mapping[str, int]
    unused: tuple[str, ...]
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return asdict(self)


def describe_data(data: Data) -> Description:
    """Describe the data. Statistics are those of training rows."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    used = {*(column.name for column in data.columns), *data.target_names}
    return Description(
        task=data.task,
        input_shape=data.input_shape,
        dtype=str(train.x.dtype),
        rows={name: len(split) for name, split in data.splits.items()},
        classes=data.classes,
        class_counts={name: class_counts(data, split) for name, split in data.splits.items() if data.classes},
        sampled=len(rows),
        features=tuple(_features(data, rows)),
        targets=() if data.classes else tuple(_targets(data, train.t[rows])),
        target_names=data.target_names,
        one_hot=one_hot_lines(data),
        missing=data.missing,
        unused=tuple(name for name in data.missing if name not in used),
        notes=data.notes,
    )


def sampled_rows(split: Split, most: int = MOST_ROWS) -> Array:
    """At most `most` row numbers of a split, evenly spaced."""
    return split.sampled(most)


def one_hot_lines(data: Data) -> tuple[str, ...]:
    """`Original label: 2 | One-hot encoded label: [0 0 1]` for the first training rows."""
    train = data.splits["train"]
    labels = train.t[train.rows[:ONE_HOT_ROWS]] if data.classes else ()
    encoded = np.eye(len(data.classes), dtype=int)
    with np.printoptions(threshold=1000, linewidth=10_000):
        return tuple(
            f"Original label: {data.classes[label]} | One-hot encoded label: {encoded[label]}"
            for label in labels
        )


def column_names(data: Data | Preparation) -> list[str]:
    """A name for each number of a row: the column's name, and for one-hot numbers the category too."""
    if not data.columns:
        return [f"x{i + 1}" for i in range(int(np.prod(data.input_shape)))]
    return [
        f"{column.name}={category}" if category else column.name
        for column in data.columns
        for category in (column.categories or ("",))
    ]


def is_image(data: Data) -> bool:
    """Whether rows are images: (H, W), or (C, H, W) or (H, W, C) of 1, 3 or 4 channels."""
    shape = data.input_shape
    return len(shape) == 2 or (len(shape) == 3 and (shape[0] in (1, 3, 4) or is_channels_last(shape)))


def normalized(x: Array, affine: Affine) -> Array:
    """x normalized by `affine`, in float64."""
    return np.asarray((x - affine.shift) * affine.scale)


def target_names(data: Data) -> list[str]:
    """The targets' names, or t, or t1, t2, ..."""
    width = 1 if data.classes else data.target_width
    if len(data.target_names) == width:
        return list(data.target_names)
    return ["t"] if width == 1 else [f"t{m + 1}" for m in range(width)]


def gaps_of(data: Data, rows: Array) -> Array:
    """Which numbers of these training rows fill a gap, (N, D) of bool, D as in `column_names`.

    No one-hot number counts as one: a missing category may be a category of its own.
    """
    gaps = np.zeros((len(rows), len(column_names(data))), bool)
    at = 0
    for column in data.columns:
        if not column.categories:
            gaps[:, at] = _filled(data, column, rows)
        at += column.width
    return gaps


def _filled(data: Data, column: Column, rows: Array) -> Array:
    """Which of these training rows lacked a column's value, (N,) of bool."""
    return data.filled[column.name][rows] if column.name in data.filled else np.zeros(len(rows), bool)


def _features(data: Data, rows: Array) -> Iterator[Statistics]:
    """Each column's statistics in these training rows; for images those of all pixels together."""
    x, gaps = data.splits["train"].x[rows], gaps_of(data, rows)
    y = normalized(x, data.inputs)
    if is_image(data):
        yield _statistics("pixels", "number", gaps.reshape(-1), x.reshape(-1), y.reshape(-1))
        return
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    at = 0
    for column in data.columns or [Column(name) for name in column_names(data)]:
        if column.categories:
            yield _categories(column, _filled(data, column, rows), x[:, at : at + column.width])
        else:
            yield _statistics(column.name, "number", gaps[:, at], x[:, at], y[:, at])
        at += column.width


def _targets(data: Data, t: Array) -> Iterator[Statistics]:
    y = normalized(t, data.targets)
    for m, name in enumerate(target_names(data)):
        yield _statistics(name, "target", np.zeros(len(t), bool), t[:, m], y[:, m])


def _categories(column: Column, gaps: Array, x: Array) -> Statistics:
    """How many rows x (N, K) have each category of a column, apart from gaps."""
    counts = zip(column.categories, x[~gaps].sum(axis=0).astype(int).tolist(), strict=True)
    levels = {
        level: n for level, n in sorted(counts, key=lambda count: -count[1]) if n or level != column.fill
    }
    kind = counted(len(levels), "category", "categories")
    return Statistics(column.name, kind, int(gaps.sum()), levels=levels)


def _statistics(name: str, kind: str, gaps: Array, x: Array, y: Array) -> Statistics:
    """The statistics of x (N,) apart from gaps, and of y (N,)."""
    there = x[~gaps]
    mean, std, low, high = _moments(there)
    median = float(np.median(there)) if len(there) else None
    return Statistics(name, kind, int(gaps.sum()), mean, std, low, median, high, *_moments(y))


def _moments(x: Array) -> tuple[float | None, float | None, float | None, float | None]:
    """Mean, standard deviation, least and largest number; None of no numbers."""
    if not len(x):
        return None, None, None, None
    mean, std = x.mean(dtype=np.float64), x.std(dtype=np.float64)
    return float(mean), float(std), float(x.min()), float(x.max())
