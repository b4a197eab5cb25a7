"""Checks between splits: rows that are in several, and splits that are not like the training rows."""

import math
from collections.abc import Iterator

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.doctor.finding import Outcome, check, worst
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.engine.batch import convert
from nnfs_cli.preprocessing.description import column_names, target_names
from nnfs_cli.preprocessing.records import Split

MOST_ROWS = 60_000
"""Rows of a split that are compared."""
SOME, MANY = 0.01, 0.2
"""The shares of a split's rows that warn and fail if they are training rows too."""
IN_ORDER = "rows seem to be in the order of time or of the target; a random split then shows the future"
LAST_ROWS = "if it is time, hold out the last rows instead"
FAR, SURE = 0.5, 6.0
"""Standard deviations between means that matter, and standard errors that chance does not reach."""


@check("duplicates")
def duplicates(subject: Subject) -> Outcome:
    """Rows of one split are not in another."""
    data = subject.data
    normalized = convert(data, subject.config.dtype).splits
    train = data.splits["train"]
    same_inputs, conflicts = _conflicts(train)
    expected = _expected(subject)
    found: list[Outcome | None] = []
    parts = []
    for name, split in data.splits.items():
        if name == "train":
            continue
        exact, other = _shared(train, split)
        near = _shared(normalized["train"], normalized[name])[0]
        rows = min(len(split), MOST_ROWS)
        parts.append(
            f"{exact:,} of {rows:,} {name} rows" + (f" ({near:,} once normalized)" if near != exact else "")
        )
        parts[-1] += f", {other:,} with another target" if other else ""
        chance = rows * expected
        if max(exact, near) > max(SOME * rows, chance + 3 * math.sqrt(chance), 1):
            found.append(
                Outcome(
                    "FAIL" if near > MANY * rows + chance else "warn",
                    parts[-1],
                    f"rows that are training rows too make the {name} score look better than it is",
                    "remove duplicates before the data are split",
                )
            )
    own = f"in training {same_inputs:,} repeat, {conflicts:,} with another target"
    rows = min(len(train), MOST_ROWS)
    if conflicts > max(SOME * rows, 1) and conflicts > rows * expected + 3 * math.sqrt(rows * expected):
        found.append(
            Outcome(
                "warn",
                own,
                "equal inputs with different targets cannot be told apart: no network gets them all right",
                "find out which target is right, or which input is missing",
            )
        )
    return worst(*found) or Outcome("pass", "; ".join([*parts, own]))


def _keys(split: Split) -> Iterator[tuple[bytes, bytes]]:
    """Each row's inputs and targets as bytes."""
    for row in split.sampled(MOST_ROWS):
        yield (split.x[row] + 0).tobytes(), split.t[row].tobytes()  # + 0 turns -0.0 into 0.0


def _shared(train: Split, other: Split) -> tuple[int, int]:
    """How many rows of a split have the inputs of a training row; and of these, only with another target."""
    known: dict[bytes, set[bytes]] = {}
    for x, t in _keys(train):
        known.setdefault(x, set()).add(t)
    same = [t in known[x] for x, t in _keys(other) if x in known]
    return len(same), len(same) - sum(same)


def _conflicts(train: Split) -> tuple[int, int]:
    """How many training rows repeat another's inputs; and how many rows have an equal with another target."""
    known: dict[bytes, list[bytes]] = {}
    for x, t in _keys(train):
        known.setdefault(x, []).append(t)
    repeats = sum(len(targets) - 1 for targets in known.values())
    return repeats, sum(len(targets) for targets in known.values() if len(set(targets)) > 1)


def _expected(subject: Subject) -> float:
    """The probability that a row equals some training row by chance, if columns were independent.

    Two rows agree in a column with the sum of its values' squared shares; in all with the product of these.
    """
    x = subject.train.x.reshape(len(subject.train), -1)
    log_equal = 0.0
    for column in x.T:
        shares = np.unique(column, return_counts=True)[1] / len(column)
        agree = float(np.square(shares).sum())
        log_equal += math.log(agree) if len(shares) < len(column) else -math.inf
        if log_equal < -50:
            return 0.0
    return (
        1.0 - (1.0 - math.exp(log_equal)) ** min(len(subject.data.splits["train"]), MOST_ROWS)
        if log_equal
        else 1.0
    )


@check("shift")
def shift(subject: Subject) -> Outcome:
    """Other splits are like the training rows."""
    data = subject.data
    train = data.splits["train"]
    found: list[Outcome | None] = []
    largest = 0.0
    names = [*column_names(data), *([] if data.classes else target_names(data))]
    for name, split in data.splits.items():
        if name == "train" or len(split) < 2 or len(train) < 2:
            continue
        far, sure = _distances(_sample(train, data.classes), _sample(split, data.classes))
        certain = np.where(sure > SURE, far, 0.0)
        worst_at = int(certain.argmax())
        largest = max(largest, float(far.max()))
        if certain[worst_at] > FAR:
            found.append(
                Outcome(
                    "FAIL" if certain[worst_at] > 2.0 else "warn",
                    f"{name}: the mean of {names[worst_at]} is {far[worst_at]:.2f} standard deviations off",
                    f"{name} rows come from elsewhere than training rows, so their score is about other data",
                    "split at random, or find out what differs",
                )
            )
    if len(data.splits) == 1:
        return Outcome("pass", "there is only the training split")
    return worst(*found) or Outcome("pass", f"means differ by {largest:.2f} standard deviations at most")


def _sample(split: Split, classes: tuple[str, ...]) -> Array:
    rows = split.sampled(3000)
    x = split.x[rows].reshape(len(rows), -1).astype(np.float64)
    return x if classes else np.concatenate([x, split.t[rows].astype(np.float64)], axis=1)


def _distances(a: Array, b: Array) -> tuple[Array, Array]:
    """(D,) how far means are apart, in standard deviations of both together, and in standard errors."""
    variance = (a.var(axis=0) * len(a) + b.var(axis=0) * len(b)) / (len(a) + len(b))
    size = np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0))
    gap, std = np.abs(a.mean(axis=0) - b.mean(axis=0)), np.sqrt(variance)
    varies, differs = std > 1e-9 * size, gap > 1e-9 * size  # what is smaller is rounding
    far = np.divide(gap, std, out=np.where(differs, 1e3, 0.0), where=varies)
    return far, far / math.sqrt(1 / len(a) + 1 / len(b))


@check("order")
def order(subject: Subject) -> Outcome:
    """Neighboring rows are independent, so a random split is fair."""
    train = subject.data.splits["train"]
    rows = np.sort(train.rows)
    if len(rows) < 50 or subject.data.input_shape == (1,):
        return Outcome("pass", "not looked for: a single input, or few rows")
    if subject.data.classes:
        return _order_of_classes(train.t[rows])
    t = train.t[rows].astype(np.float64)
    t = t - t.mean(axis=0)
    size = np.square(t).sum(axis=0)
    r = np.divide((t[1:] * t[:-1]).sum(axis=0), size, out=np.zeros_like(size), where=size > 0)
    largest = float(np.abs(r).max())
    measured = f"correlation of neighbors {largest:.2f}"
    if largest < 0.5:
        return Outcome("pass", measured)
    return Outcome("note", measured, IN_ORDER, LAST_ROWS)


def _order_of_classes(t: Array) -> Outcome:
    """Neighbors are of one class far more often than by chance. Rows sorted by class are harmless."""
    shares = np.unique(t, return_counts=True)[1] / len(t)
    changes, chance = int(np.sum(t[1:] != t[:-1])), (len(t) - 1) * (1.0 - float(np.square(shares).sum()))
    measured = f"the class changes {changes:,} times from row to row; by chance {chance:,.0f} times"
    if changes < 2 * len(shares) or changes > 0.5 * chance:
        return Outcome("pass", measured)
    return Outcome("note", measured, IN_ORDER, LAST_ROWS)
