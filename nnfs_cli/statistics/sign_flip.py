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
        bits = np.arange(2 ** len(d))[:, np.newaxis] >> np.arange(len(d)) & 1
        return float(np.mean(_as_large(bits, d)))
    d = group_sums(d[:, np.newaxis])[:, 0]
    rng, as_large = resampling_rng(), 0
    for here in slices(DRAWN - 1, PIECE):
        drawn = rng.integers(0, 256, (here.stop - here.start, -(-len(d) // 8)), np.uint8)
        as_large += int(np.count_nonzero(_as_large(np.unpackbits(drawn, axis=1, count=len(d)), d)))
    return (1 + as_large) / DRAWN


def _as_large(bits: Array, d: Array) -> Array:
    """For each row of bits, 1 for plus, whether |sum of +- d| is at least |sum of d|, but for rounding."""
    least = abs(d.sum()) - 1e-12 * np.abs(d).sum()
    return np.asarray(np.abs(2.0 * (bits @ d) - d.sum()) >= least)
