"""Splits by time: what is trained on lies before what is validated on, and that before the test rows."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError


def hold_out_latest(rows: Array, wanted: int, times: Array) -> tuple[Array, Array]:
    """Row numbers to keep, and about `wanted` ones to hold out: those with the latest times (R,).

    Rows of the same time stay together; the count is as near to `wanted` as that allows, but neither part is
    empty. NnfsError if all have the same time.
    """
    order, cuts = _in_order(times)
    if not len(cuts):
        raise NnfsError("dataset.time: the rows to split all have the same time")
    cut = cuts[np.abs(len(rows) - cuts - wanted).argmin()]
    return np.sort(rows[order[:cut]]), np.sort(rows[order[cut:]])


def expanding_window(rows: Array, fold: int, of: int, times: Array) -> tuple[Array, Array]:
    """Rows to train on, and those of a fold: the next stretch of times (R,) after them.

    The rows are cut into `of` + 1 stretches of about equal size, in order of time; fold k validates on
    stretch k + 1 and trains on all before it. Rows of the same time stay together. NnfsError if there are too
    few times. Bergmeir and Benitez, On the use of cross-validation for time series predictor evaluation.
    """
    order, cuts = _in_order(times)
    if len(cuts) < of:
        raise NnfsError(
            f"dataset.validation: {of} folds by time need rows of {of + 1} times that are not for test, "
            f"found {len(cuts) + 1}"
        )
    places, first = [], 0
    for k in range(of):
        possible = cuts[first : len(cuts) - (of - 1 - k)]  # leaves a cut for each fold after this one
        nearest = int(np.abs(possible - len(rows) * (k + 1) / (of + 1)).argmin())
        places.append(int(possible[nearest]))
        first += nearest + 1
    places.append(len(rows))
    return np.sort(rows[order[: places[fold]]]), np.sort(rows[order[places[fold] : places[fold + 1]]])


def _in_order(times: Array) -> tuple[Array, Array]:
    """The order of the rows by time, and the places in it where another time begins."""
    order = np.argsort(times, kind="stable")
    return order, np.flatnonzero(np.diff(times[order])) + 1
