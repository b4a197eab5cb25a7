"""The likeliest mistake in a wrong gradient, from its numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array, Shape

CLOSE = 1e-4
"""Two gradients with a smaller relative difference count as the same."""


def diagnose(shape: Shape, analytic: Array, indices: Sequence[Shape], numeric: Array, rows: int) -> str:
    """A sentence on the likeliest mistake, or nothing where no pattern fits.

    numeric: the true slopes at `indices`.   rows: N, the size of the batch.
    """
    a = np.array([analytic[index] for index in indices])
    if not np.isfinite(a).all():
        return "entries are not finite: they were never written, or computed from such entries"
    if _same(a, np.zeros_like(a)) and not _same(numeric, np.zeros_like(a)):
        return "analytic is zero: this gradient is not passed on"
    factor = _factor(a, numeric)
    if factor is not None:
        return f"analytic is {factor:.3f} times numeric: {_meaning(factor, rows)}"
    if len(indices) == np.prod(shape):
        true = np.zeros(shape)
        for index, slope in zip(indices, numeric, strict=True):
            true[index] = slope
        for text, candidate in _rearranged(analytic):
            if _same(candidate, true):
                return text
    return ""


def _same(a: Array, b: Array) -> bool:
    scale = max(float(np.abs(b).max(initial=0.0)), float(np.abs(a).max(initial=0.0)), 1e-12)
    return bool(np.abs(a - b).max(initial=0.0) <= CLOSE * scale)


def _factor(a: Array, n: Array) -> float | None:
    """The number c with a = c n in every entry; None if there is none."""
    square = float(np.dot(n, n))
    if not square:
        return None
    factor = float(np.dot(a, n)) / square
    return factor if factor and _same(a, factor * n) else None


def _meaning(factor: float, rows: int) -> str:
    def near(value: float) -> bool:
        return abs(factor - value) <= 1e-3 * abs(value)

    if near(-1.0):
        return "the sign is wrong"
    if rows > 2 and near(rows):
        return f"it is summed over the batch of {rows}, not averaged"
    if rows > 2 and near(1.0 / rows):
        return f"it is divided by the batch of {rows} once too often"
    return "a factor N or 2 is missing or doubled"


def _rearranged(analytic: Array) -> Iterator[tuple[str, Array]]:
    """Other orders of the gradient's entries that mistakes can cause, each with a text."""
    if analytic.ndim == 2 and analytic.shape[0] == analytic.shape[1]:
        yield "analytic is the transposed gradient", analytic.T
        yield "analytic is the transposed gradient with the wrong sign", -analytic.T
    for axis in range(analytic.ndim):
        yield f"analytic is shifted by one along axis {axis}", np.roll(analytic, 1, axis)
        yield f"analytic is shifted by one along axis {axis}", np.roll(analytic, -1, axis)
        yield f"analytic is in reverse order along axis {axis}", np.flip(analytic, axis)
