"""What is in the data: sizes, statistics and class balance, before and after normalization."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.preprocessing.records import Data, Split

MOST_ROWS = 20_000
"""Statistics are those of at most this many training rows, evenly spaced."""
ONE_HOT_ROWS = 10


@dataclass(frozen=True)
class Statistics:
    """Statistics of a column, or of all pixels: raw, and normalized as the network gets them."""

    name: str
    kind: str
    missing: int
    mean: float
    std: float
    low: float
    median: float
    high: float
    normalized_mean: float
    normalized_std: float
    normalized_low: float
    normalized_high: float


@dataclass(frozen=True)
class Description:
    """A dataset in numbers. Statistics are those of `sampled` training rows.

    class_counts: for each split, how many rows each class has.
    one_hot: the first training labels, each with its one-hot row.
    missing: how many values each column of a table lacks.
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
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return asdict(self)


def describe_data(data: Data) -> Description:
    """Describe the data. Statistics are those of training rows."""
    train = data.splits["train"]
    rows = sampled_rows(train)
    return Description(
        task=data.task,
        input_shape=data.input_shape,
        dtype=str(train.x.dtype),
        rows={name: len(split) for name, split in data.splits.items()},
        classes=data.classes,
        class_counts={name: class_counts(data, split) for name, split in data.splits.items() if data.classes},
        sampled=len(rows),
        features=tuple(_features(data, train.x[rows])),
        targets=() if data.classes else tuple(_targets(data, train.t[rows])),
        target_names=data.target_names,
        one_hot=one_hot_lines(data),
        missing=data.missing,
        notes=data.notes,
    )


def sampled_rows(split: Split, most: int = MOST_ROWS) -> Array:
    """At most `most` row numbers of a split, evenly spaced."""
    places = np.linspace(0, len(split) - 1, min(len(split), most)).astype(np.intp)
    return np.asarray(split.rows[places])


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


def column_names(data: Data) -> list[str]:
    """A name for each number of a row: the column's name, and for one-hot numbers the category too."""
    if not data.columns:
        return [f"x{i + 1}" for i in range(int(np.prod(data.input_shape)))]
    return [
        f"{column.name}={category}" if category else column.name
        for column in data.columns
        for category in (column.categories or ("",))
    ]


def is_image(data: Data) -> bool:
    """Whether rows are images: (H, W), or (1, H, W) or (3, H, W)."""
    shape = data.input_shape
    return len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3))


def normalized(x: Array, affine: Affine) -> Array:
    """x normalized by `affine`, in float64."""
    return np.asarray((x - affine.shift) * affine.scale)


def target_names(data: Data) -> list[str]:
    """The targets' names, or t, or t1, t2, ..."""
    width = 1 if data.classes else data.target_width
    if len(data.target_names) == width:
        return list(data.target_names)
    return ["t"] if width == 1 else [f"t{m + 1}" for m in range(width)]


def _features(data: Data, x: Array) -> Sequence[Statistics]:
    """Each column's statistics; for images those of all pixels together."""
    y = normalized(x, data.inputs)
    if is_image(data):
        return [_statistics("pixels", "number", 0, x.reshape(-1), y.reshape(-1))]
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    columns = data.columns or tuple(Column(name) for name in column_names(data))
    starts = np.cumsum([0, *(column.width for column in columns)])
    found = []
    for column, at in zip(columns, starts, strict=False):
        kind = f"{len(column.categories)} categories" if column.categories else "number"
        here = slice(at, at + column.width)
        numbers = (x[:, here].argmax(axis=1),) * 2 if column.categories else (x[:, at], y[:, at])
        found.append(_statistics(column.name, kind, data.missing.get(column.name, 0), *numbers))
    return found


def _targets(data: Data, t: Array) -> Sequence[Statistics]:
    y = normalized(t, data.targets)
    return [
        _statistics(name, "target", data.missing.get(name, 0), t[:, m], y[:, m])
        for m, name in enumerate(target_names(data))
    ]


def _statistics(name: str, kind: str, missing: int, x: Array, y: Array) -> Statistics:
    mean, std, low, high = _moments(x)
    return Statistics(name, kind, missing, mean, std, low, float(np.median(x)), high, *_moments(y))


def _moments(x: Array) -> tuple[float, float, float, float]:
    """Mean, standard deviation, least and largest number."""
    mean, std = x.mean(dtype=np.float64), x.std(dtype=np.float64)
    return float(mean), float(std), float(x.min()), float(x.max())
