"""The sign-flip test: are paired differences as likely to be negative as positive?"""

from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.statistics.resampling import group_sums, resampling_rng

EXACT = 14
"""So many differences are tried with all their signs, 16,384; more with as many as DRAWN random ones."""
DRAWN = 10_000
PIECE = 1_000


def sign_flip(differences: Sequence[float] | Array) -> float:
    """The p value that n paired differences are symmetric about zero, against a mean that is not zero.

    If neither side is better, each difference might as well have the other sign. p is the share of signs
    that give a |sum| as large as that observed: of all 2^n signs up to n = 14, else of 10,000 random ones,
    the observed ones included, with a fixed seed. Of very many rows, sums of random groups are flipped.

    Fisher, 1935, The design of experiments, section 21.
    """
    d = np.asarray(differences, np.float64)
    if not d.any():
        return 1.0
    if len(d) <= EXACT:
        signs = 1 - 2 * (np.arange(2 ** len(d))[:, np.newaxis] >> np.arange(len(d)) & 1)
        return float(np.mean(_as_large(signs, d)))
    d = group_sums(d[:, np.newaxis])[:, 0]
    rng = resampling_rng()
    pieces = (here.stop - here.start for here in slices(DRAWN - 1, PIECE))
    as_large = sum(int(_as_large(2 * rng.integers(0, 2, (n, len(d)), np.int8) - 1, d).sum()) for n in pieces)
    return (1 + as_large) / DRAWN


def _as_large(signs: Array, d: Array) -> Array:
    """For each row of signs, whether |signs . d| is at least |sum of d|, but for rounding."""
    least = abs(d.sum()) - 1e-12 * np.abs(d).sum()
    return np.asarray(np.abs(signs @ d) >= least)
