"""Resamples of rows, with a fixed seed: which rows, in which groups, and how often each group."""

from functools import lru_cache

import numpy as np

from nnfs_cli.core.arrays import Array, slices

SEED = 1979
"""A run's intervals are the same each time, and on any number of cores."""
RESAMPLES = 4_000
"""An end moves by 1 % of the interval's width from one seed to another."""
PIECE = 100
"""Resamples that are computed at a time: few enough for the processor's cache."""
MOST_GROUPS = 1_000
"""More rows are put into so many groups at random, which are resampled: their sums have the same spread."""


def resampling_rng() -> np.random.Generator:
    """A generator that always begins with the same numbers."""
    return np.random.default_rng(SEED)


def drawn_rows(n: int, most: int) -> Array:
    """The numbers of at most `most` of n rows, drawn at random; all in order if they are so few."""
    return np.arange(n) if n <= most else np.sort(resampling_rng().choice(n, most, replace=False))


def random_groups(n: int) -> tuple[Array, Array]:
    """An order (N,) of n rows, and where in it each group (G,) starts: at most 1,000 groups.

    Up to 1,000 rows each is its own group. More are in random order, and groups differ by one row at most.
    """
    if n <= MOST_GROUPS:
        return np.arange(n), np.arange(n)
    return resampling_rng().permutation(n), np.arange(MOST_GROUPS) * n // MOST_GROUPS


def group_sums(terms: Array) -> Array:
    """Sums (G, K) of terms (N, K) over random groups, in float64."""
    order, starts = random_groups(len(terms))
    if not len(terms):
        return terms.astype(np.float64)
    return np.add.reduceat(terms[order], starts, axis=0, dtype=np.float64)


def resampled_sums(sums: Array) -> Array:
    """(B, K) the sums over each resample's groups, from sums (G, K) over each group."""
    counts, found = _resample_counts(len(sums)), np.empty((RESAMPLES, sums.shape[1]))
    for some in slices(RESAMPLES, PIECE):
        np.matmul(counts[some].astype(np.float64), sums, out=found[some])
    return found


@lru_cache(maxsize=1)
def _resample_counts(groups: int) -> Array:
    """(B, G) how often each resample has each group, read-only: G are drawn with replacement.

    Bytes hold them: that any of 1,000 groups is drawn 256 times has a probability of 10^-500.
    """
    rng, counts = resampling_rng(), np.empty((RESAMPLES, groups), np.uint8)
    for some in slices(RESAMPLES, PIECE):
        drawn = rng.integers(0, groups, (PIECE, groups)) + groups * np.arange(PIECE)[:, np.newaxis]
        counts[some] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(PIECE, groups)
    counts.flags.writeable = False
    return counts
