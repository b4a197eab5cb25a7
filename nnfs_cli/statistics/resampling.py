"""Resamples of rows, with a fixed seed: which rows, in which groups, and how often each group."""

from functools import lru_cache

import numpy as np

from nnfs_cli.core.arrays import Array

SEED = 1979
"""A run's intervals are the same each time, and on any number of cores."""
RESAMPLES = 4_000
"""An end moves by 1 % of the interval's width from one seed to another."""
MOST_GROUPS = 1_000
"""More rows are put into so many groups at random, which are resampled: their sums have the same spread."""


def resampling_rng() -> np.random.Generator:
    """A generator that always begins with the same numbers."""
    return np.random.default_rng(SEED)


def drawn_rows(n: int, most: int) -> Array:
    """The numbers of at most `most` of n rows, drawn at random; all in order if they are so few."""
    return np.arange(n) if n <= most else np.sort(resampling_rng().choice(n, most, replace=False))


def group_sums(terms: Array) -> Array:
    """Sums (G, K) over groups of rows with terms (N, K); for at most 1,000 rows these themselves, in float64.

    Groups are random and differ by one row at most.
    """
    rows = len(terms)
    if rows <= MOST_GROUPS:
        return terms.astype(np.float64)
    order = resampling_rng().permutation(rows)
    starts = np.arange(MOST_GROUPS) * rows // MOST_GROUPS
    return np.add.reduceat(terms[order], starts, axis=0, dtype=np.float64)


@lru_cache(maxsize=1)
def resample_counts(groups: int) -> Array:
    """(B, G) how often each resample has each group, read-only: G are drawn with replacement."""
    drawn = resampling_rng().integers(0, groups, (RESAMPLES, groups))
    drawn += groups * np.arange(RESAMPLES)[:, np.newaxis]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * groups)
    counts = counts.reshape(RESAMPLES, groups).astype(np.float64)
    counts.flags.writeable = False
    return counts
