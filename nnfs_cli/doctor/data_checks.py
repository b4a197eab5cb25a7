"""Checks of columns, targets and classes."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted, listed
from nnfs_cli.doctor.finding import Outcome, check, worst
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.layer_norm import LayerNorm
from nnfs_cli.preprocessing.balance import class_counts
from nnfs_cli.preprocessing.description import column_names, is_image

FEWEST = 20
"""Fewer rows may look odd by chance."""
SAME = 0.999
"""The share of a target's variance that one column explains if it is a copy of it."""
RARE = 10.0
"""How many times the largest class may exceed the smallest."""


def _numbers(subject: Subject) -> Array:
    """(N, D) the raw inputs of the sampled training rows."""
    return subject.train.x.reshape(len(subject.train), -1).astype(np.float64)


def _names(subject: Subject, which: Array) -> str:
    names = column_names(subject.data)
    return listed([names[int(i)] for i in np.flatnonzero(which)], 3)


@check("constant-columns", "each column tells rows apart")
def constant_columns(subject: Subject) -> Outcome:
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


@check("id-columns", "no column numbers the rows")
def id_columns(subject: Subject) -> Outcome:
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


@check("target-leak", "no column alone gives the target away")
def target_leak(subject: Subject) -> Outcome:
    x, data = _numbers(subject), subject.data
    if len(x) < FEWEST or x.shape[1] < 2:
        return Outcome("pass", "not looked for: " + ("few rows" if len(x) < FEWEST else "a single input"))
    explained = _explained(x, subject.train.t, len(data.classes))
    best = float(explained.max())
    name = column_names(data)[int(explained.argmax())]
    measured = f"{name} alone explains {best:.4g} of the target's variance"
    if best < SAME:
        return Outcome("pass", measured)
    return Outcome(
        "FAIL",
        measured,
        f"{name} is the target in other words; it will not be there when predictions are wanted",
        "leave it out",
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
        return share if len(np.unique(t)) > 1 else np.zeros_like(share)
    return np.maximum(_r2(x, t), _r2(_ranks(x), _ranks(t)) * (x.shape[1] > 2))


def _r2(x: Array, t: Array) -> Array:
    """(D,) the largest squared correlation of each column with one of the targets (N, M)."""
    x, t = (np.where(np.ptp(each, axis=0) > 0, each - each.mean(axis=0), 0.0) for each in (x, t))
    size = np.sqrt(np.square(x).sum(axis=0)[:, None] * np.square(t).sum(axis=0)[None])
    r = np.divide(x.T @ t, size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(np.square(r).max(axis=1))


def _ranks(x: Array) -> Array:
    return np.argsort(np.argsort(x, axis=0, kind="stable"), axis=0, kind="stable").astype(np.float64)


@check("gaps", "columns have few gaps")
def gaps(subject: Subject) -> Outcome:
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


@check("classes", "each class has enough rows")
def classes(subject: Subject) -> Outcome:
    data, config = subject.data, subject.config
    if not data.classes:
        return Outcome("pass", "real targets")
    counts = np.array(class_counts(data, data.splits["train"]))
    majority, present = counts.max() / counts.sum(), counts[counts > 0]
    measured = f"{len(counts)} classes; the largest, {data.classes[int(counts.argmax())]}, has {majority:.1%}"
    found: list[Outcome | None] = []
    if len(present) < 2:
        found.append(
            Outcome("FAIL", measured, "there is only one class to learn", "check the targets and the splits")
        )
    elif len(present) < len(counts):
        absent = listed([data.classes[int(k)] for k in np.flatnonzero(counts == 0)], 3)
        found.append(
            Outcome(
                "warn",
                f"{measured}; training has no row of {absent}",
                "a class without training rows is never predicted",
                "leave it out, or split otherwise",
            )
        )
    if len(present) > 1 and present.max() > RARE * present.min():
        weighted = bool(getattr(config.loss, "class_weights", ())) or (
            getattr(config.loss, "positive_weight", 1.0) != 1.0
        )
        rarest = data.classes[int(np.where(counts > 0, counts, counts.max() + 1).argmin())]
        found.append(
            Outcome(
                "note" if weighted else "warn",
                f"{measured}; the smallest, {rarest}, {counted(int(present.min()), 'row')}",
                f"predicting the largest class alone has an accuracy of {majority:.3f}: accuracy says little",
                "report f1 or roc_auc, and give the loss class weights",
            )
        )
    for name, split in data.splits.items():
        if name != "train" and len(present) > 1:
            found.append(_lacks(data.classes, counts, np.array(class_counts(data, split)), name, measured))
    return worst(*found) or Outcome("pass", measured)


def _lacks(
    names: tuple[str, ...], train: Array, held_out: Array, split: str, measured: str
) -> Outcome | None:
    """A class that a split lacks, if by chance that happened less than once in a hundred times."""
    chance = (1.0 - train / train.sum()) ** held_out.sum()
    absent = np.flatnonzero((held_out == 0) & (chance < 0.01))
    if not len(absent):
        return None
    return Outcome(
        "warn",
        f"{measured}; {split} has no row of {listed([names[int(k)] for k in absent], 3)}",
        "the split is not like the training rows, and says nothing about that class",
        "split at random",
    )


@check("input-scale", "inputs are near 1 when the network gets them")
def input_scale(subject: Subject) -> Outcome:
    first = next(
        (layer for layer in subject.config.layers if type(layer).view is Layer.view), subject.config.layers[0]
    )
    affine = subject.data.inputs
    x = ((subject.train.x - affine.shift) * affine.scale).reshape(len(subject.train), -1)
    size = np.sqrt(np.square(x, dtype=np.float64).mean(axis=0))
    whole = float(np.sqrt(np.square(size).mean()))
    images = len(subject.data.input_shape) > 1
    large = whole if images else float(size.max())
    measured = f"root mean square {whole:.3g}" + (
        "" if images else f"; of a column {size.min():.3g} to {large:.3g}"
    )
    if isinstance(first, BatchNorm | LayerNorm):
        return Outcome("pass", f"{measured}; {first.type_name} normalizes them")
    names = column_names(subject.data)
    if large > 10.0:
        return Outcome(
            "FAIL" if large > 1e3 else "warn",
            measured if images else f"{measured} ({names[int(size.argmax())]})",
            "initial weights are made for inputs near 1; larger ones make first steps wild and saturate units",
            "set `standardize: true` or `scale: true`",
        )
    if whole == 0.0:
        return Outcome("FAIL", measured, "all inputs are zero", "check the data's file")
    if whole < 0.02:
        return Outcome(
            "warn",
            measured,
            "inputs this small hardly move the network",
            "set `standardize: true` or `scale: true`",
        )
    return Outcome("pass", measured)


@check("target-scale", "targets vary, on a scale near 1")
def target_scale(subject: Subject) -> Outcome:
    if subject.data.classes:
        return Outcome("pass", "classes")
    t = subject.as_learned(subject.train.t)
    mean, std = t.mean(axis=0), t.std(axis=0)
    measured = f"mean {_ends(mean)}, standard deviation {_ends(std)}"
    if np.any(np.ptp(t, axis=0) == 0.0):
        return Outcome(
            "FAIL", measured, "a target that never changes leaves nothing to learn", "check the target column"
        )
    if not subject.config.loss.any_units:
        return Outcome("pass", f"{measured}; {subject.config.loss.type_name} takes them as they are")
    if std.max() > 30.0 or np.abs(mean).max() > 30.0:
        return Outcome(
            "warn",
            measured,
            "first outputs are near 1, so errors and gradients start far too large",
            "leave `standardize_target` at auto",
        )
    if std.max() < 0.02:
        return Outcome(
            "warn",
            measured,
            "first outputs are near 1, so that noise of the initial weights is all there is to unlearn",
            "leave `standardize_target` at auto",
        )
    return Outcome("pass", measured)


def _ends(values: Array) -> str:
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"
