"""Splits that keep groups of rows whole, such as all rows of a patient."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError

MOST_EXACT = 64
"""Of so many groups, the best choice is found among all; of more, the others are taken as they fit."""


def hold_out_groups(rows: Array, wanted: int, rng: np.random.Generator, groups: Array) -> tuple[Array, Array]:
    """Row numbers to keep, and about `wanted` ones to hold out, of groups (R,) that are drawn at random.

    The count is as near to `wanted` as whole groups allow, but neither part is empty. NnfsError if there is
    one group.
    """
    names, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise NnfsError("dataset.group: the rows to split are all of one group")
    order = rng.permutation(len(names))
    chosen = np.zeros(len(names), bool)
    chosen[order] = nearest_sum(sizes[order], wanted)
    return rows[~chosen[which]], rows[chosen[which]]


def nearest_sum(sizes: Array, wanted: int) -> Array:
    """Which of the sizes (G,) come nearest to `wanted` together, but neither all of them nor none; (G,) bool.

    Earlier ones are preferred. With more than MOST_EXACT sizes, the sum may miss the nearest by a little.
    """
    chosen, left = np.zeros(len(sizes), bool), wanted
    first = max(len(sizes) - MOST_EXACT, 0)
    for i in range(first):
        if sizes[i] <= left:
            chosen[i] = True
            left -= int(sizes[i])
    reachable = [1]  # bit k of the n-th: some of the first n sizes have the sum k
    for size in sizes[first:]:
        reachable.append(reachable[-1] | reachable[-1] << int(size))
    sums = np.flatnonzero(np.frombuffer(bin(reachable[-1])[:1:-1].encode(), np.uint8) == ord("1"))
    taken = wanted - left
    sums = sums[(taken + sums > 0) & (taken + sums < sizes.sum())]
    best = int(sums[np.abs(sums - left).argmin()])
    for i in reversed(range(first, len(sizes))):
        if not reachable[i - first] >> best & 1:
            chosen[i] = True
            best -= int(sizes[i])
    return chosen


def folds_of_groups(groups: Array, of: int, rng: np.random.Generator, labels: Array | None) -> Array:
    """The fold (R,) of each row, the same for all of a group (R,), so that folds are about equally large.

    With labels (R,), each fold also has about the same share of each class. Large groups come first, each
    into the fold that has the fewest rows of its classes. NnfsError if there are fewer groups than folds.
    """
    names, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < of:
        raise NnfsError(
            f"dataset.validation: {of} folds need {of} groups that are not for test, found {len(names)}"
        )
    classes = np.zeros(len(groups), np.intp) if labels is None else np.unique(labels, return_inverse=True)[1]
    counts = np.zeros((len(names), classes.max() + 1))
    np.add.at(counts, (which, classes), 1)
    shares = counts / counts.sum(axis=0)
    order = rng.permutation(len(names))
    loads, fold_of = np.zeros((of, shares.shape[1])), np.empty(len(names), np.intp)
    rows = np.zeros(of)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold = np.lexsort((rows, loads @ shares[group]))[0]
        fold_of[group] = fold
        loads[fold] += shares[group]
        rows[fold] += sizes[group]
    return fold_of[which]
