"""Checks of columns: those that say nothing, number the rows, or give the target away."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.doctor.baselines import LinearModel
from nnfs_cli.doctor.finding import Outcome, check
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.preprocessing.description import column_names, is_image

FEWEST = 20
"""Fewer rows may look odd by chance."""
SAME, NEARLY_SAME = 0.999, 0.99
"""The shares of a target's variance that one column explains if it is a copy of it, or one with noise."""
ALL = 0.99999
"""The share that all columns explain if the target is computed from them."""
MOST_COLUMNS = 500
"""Of a sum that is looked for."""


def _numbers(subject: Subject) -> Array:
    """(N, D) the raw inputs of the sampled training rows."""
    return subject.train.x.reshape(len(subject.train), -1).astype(np.float64)


def _names(subject: Subject, which: Array) -> str:
    names = column_names(subject.data)
    return listed([names[int(i)] for i in np.flatnonzero(which)], 3)


@check("constant-columns")
def constant_columns(subject: Subject) -> Outcome:
    """Each column tells rows apart."""
    x = _numbers(subject)
    low, high = x.min(axis=0), x.max(axis=0)
    constant = low == high
    count, whole = int(constant.sum()), len(constant)
    if not count or len(x) < 2:
        return Outcome("pass", f"none of {counted(whole, 'input')}")
    if count == whole:
        return Outcome(
            "FAIL",
            f"all {counted(whole, 'input')}",
            "all rows are equal, so no network can tell them apart",
            "check the data's file and the dataset's options",
        )
    background = np.isin(low[constant], low[~constant])
    if is_image(subject.data) or (background.all() and np.mean(low[~constant] == low[constant][0]) > 0.5):
        return Outcome(
            "pass", f"{count} of {whole} inputs, at the background that most of the others have too"
        )
    return Outcome(
        "warn",
        f"{count} of {whole}: {_names(subject, constant)}",
        "a column that never changes tells nothing, and surprises where it does change later",
        "leave it out",
    )


@check("id-columns")
def id_columns(subject: Subject) -> Outcome:
    """No column numbers the rows."""
    train, data = subject.data.splits["train"], subject.data
    x = train.x[np.sort(train.sampled(20_000))].reshape(-1, int(np.prod(data.input_shape)))
    whole = len(x)
    if whole < FEWEST or x.shape[1] < 2 or is_image(data) or len(data.input_shape) > 1:
        return Outcome("pass", "not looked for" if whole < FEWEST or x.shape[1] < 2 else "images have none")
    ids = np.array([_is_id(column.astype(np.float64)) for column in x.T])
    texts = [column.name for column in data.columns if len(column.categories) >= 0.9 * whole]
    if not ids.any() and not texts:
        return Outcome("pass", f"none of {x.shape[1]}")
    names = ", ".join(filter(None, [_names(subject, ids), listed(texts, 3)]))
    return Outcome(
        "warn",
        names,
        "another value in each row, as of an id: the network can learn rows by heart from it, or their order",
        "leave it out",
    )


def _is_id(column: Array) -> bool:
    """Whether whole numbers all differ, and are in order or so close that random ones would repeat."""
    if np.any(column != np.floor(column)):
        return False
    steps = np.diff(column)
    if np.all(steps > 0) or np.all(steps < 0):
        return True
    ordered = np.sort(column)
    span = float(ordered[-1] - ordered[0])
    return bool(np.all(ordered[1:] != ordered[:-1])) and 10 * span < len(column) ** 2


@check("target-leak")
def target_leak(subject: Subject) -> Outcome:
    """No column alone gives the target away."""
    x, data = _numbers(subject), subject.data
    if len(x) < FEWEST or x.shape[1] < 2:
        return Outcome("pass", "not looked for: " + ("few rows" if len(x) < FEWEST else "a single input"))
    explained = _explained(x, subject.train.t, len(data.classes))
    best = float(explained.max())
    name = column_names(data)[int(explained.argmax())]
    measured = f"{name} alone explains {best:.4g} of the target's variance"
    if best < NEARLY_SAME:
        return _sum_of_columns(subject, x) or Outcome("pass", measured)
    if best < SAME:
        return Outcome(
            "note" if data.classes else "warn",
            measured,
            f"{name} nearly gives the target: it may have been computed from it, or come after it",
            "make sure that it is known when predictions are wanted; else leave it out",
        )
    return Outcome(
        "FAIL",
        measured,
        f"{name} is the target in other words; it will not be there when predictions are wanted",
        "leave it out",
    )


def _sum_of_columns(subject: Subject, x: Array) -> Outcome | None:
    """What is said of real targets that are a weighted sum of columns, as a total is of its parts."""
    t = subject.train.t
    if subject.data.classes or len(x) < 3 * x.shape[1] or x.shape[1] > MOST_COLUMNS:
        return None
    left = np.square(t - LinearModel(x, t, 0, ridge=1e-9)(x)).sum(axis=0)
    size = np.square(t - t.mean(axis=0)).sum(axis=0)
    if not np.any((left < (1.0 - ALL) * size) & (size > 0)):
        return None
    return Outcome(
        "note",
        f"all columns together explain at least {ALL} of the target's variance, as a weighted sum",
        "the target is a sum of columns, as a total is of its parts, or a difference: no network is needed, "
        "or a column gives it away",
        "make sure that each column is known when predictions are wanted",
    )


def _explained(x: Array, t: Array, classes: int) -> Array:
    """(D,) the share of variance that a column has in common with the target: R2 by ranks too, or for
    classes the correlation ratio, between-class variance over all variance.
    """
    if classes:
        total = np.where(np.ptp(x, axis=0) > 0, x.var(axis=0), 0.0)
        means = np.stack(
            [x[t == k].mean(axis=0) if np.any(t == k) else x.mean(axis=0) for k in range(classes)]
        )
        between = np.square(means[t] - x.mean(axis=0)).mean(axis=0)
        share = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(share if len(np.unique(t)) > 1 else np.zeros_like(share))
    by_ranks = _r2(_ranks(x), _ranks(t)) if x.shape[1] > 2 else 0.0
    return np.asarray(np.maximum(_r2(x, t), by_ranks))


def _r2(x: Array, t: Array) -> Array:
    """(D,) the largest squared correlation of each column with one of the targets (N, M)."""
    x, t = (np.where(np.ptp(each, axis=0) > 0, each - each.mean(axis=0), 0.0) for each in (x, t))
    size = np.sqrt(np.square(x).sum(axis=0)[:, None] * np.square(t).sum(axis=0)[None])
    r = np.divide(x.T @ t, size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(np.square(r).max(axis=1))


def _ranks(x: Array) -> Array:
    return np.argsort(np.argsort(x, axis=0, kind="stable"), axis=0, kind="stable").astype(np.float64)


@check("gaps")
def gaps(subject: Subject) -> Outcome:
    """Columns have few gaps."""
    data = subject.data
    rows = sum(len(split) for split in data.splits.values())
    used = {column.name for column in data.columns}
    holes = {name: count / rows for name, count in data.missing.items() if count and name in used}
    if not holes:
        return Outcome("pass", "none")
    worst_name = max(holes, key=holes.__getitem__)
    measured = f"{counted(len(holes), 'column')} with gaps; {worst_name} lacks {holes[worst_name]:.0%}"
    if holes[worst_name] <= 0.5:
        return Outcome("pass", measured)
    return Outcome(
        "warn",
        measured,
        f"{worst_name} is mostly filled in, so that the network mostly learns from what filled it",
        "leave it out, or add a column that says where it is missing",
    )
