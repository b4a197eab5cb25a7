"""The likeliest mistake in a wrong gradient, from its numbers."""

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.optimizers.base import OPTIMIZERS

CLOSE = 1e-4
"""Two gradients with a smaller relative difference agree to four digits and count as the same."""

LARGE = 1e-3
"""Entries above this share of the largest count in a factor: the ratio of smaller ones is mostly rounding."""


def diagnose(
    shape: Shape,
    analytic: Array,
    indices: Sequence[Shape],
    numeric: Array,
    rows: int,
    rates: Sequence[float] = (),
) -> tuple[str, str | None]:
    """A sentence on the likeliest mistake and the factor in it, or nothing where no pattern fits.

    numeric: the true slopes at `indices`.   rows: N, the size of the batch.   rates: learning rates in use.
    The factor is None where it cannot be judged.
    """
    a = np.array([analytic[index] for index in indices])
    if not np.isfinite(a).all():
        return "entries are not finite: they were never written, or computed from such entries", None
    if _same(a, np.zeros_like(a)) and not _same(numeric, np.zeros_like(a)):
        return "analytic is zero: this gradient is not passed on", None
    large = np.abs(numeric) > LARGE * np.abs(numeric).max(initial=0.0)
    if np.sum(large) < 2:
        return "", None
    for name, factor, meaning in _factors(rows, (*rates, *default_rates())):
        expected = factor * numeric
        if _same(a, expected) and np.all(np.abs(a - expected)[large] <= CLOSE * np.abs(expected)[large]):
            return meaning, name
    if len(indices) == np.prod(shape) and not _same(a, numeric):
        true = np.zeros(shape)
        for index, slope in zip(indices, numeric, strict=True):
            true[index] = slope
        for text, candidate in _rearranged(analytic):
            if _same(candidate, true):
                return text, ""
    return "", ""


@functools.cache
def default_rates() -> tuple[float, ...]:
    """The learning rates that optimizers have by default."""
    found = {getattr(OPTIMIZERS[name], "learning_rate", None) for name in OPTIMIZERS}
    return tuple(sorted(rate for rate in found if isinstance(rate, float)))


def _same(a: Array, b: Array) -> bool:
    scale = max(float(np.abs(b).max(initial=0.0)), float(np.abs(a).max(initial=0.0)))
    return bool(np.abs(a - b).max(initial=0.0) <= CLOSE * scale)


def _factors(rows: int, rates: Sequence[float]) -> Iterator[tuple[str, float, str]]:
    """(name, factor, sentence) for the factors by which gradients are wrong as a rule."""
    yield "-1", -1.0, "analytic is -1 times numeric: the sign is wrong"
    yield "2", 2.0, "analytic is 2 times numeric: there is a factor 2 too many"
    yield "1/2", 0.5, "analytic is 1/2 times numeric: a factor 2 is missing"
    if rows > 2:
        yield "N", rows, "analytic is N times numeric: it is summed over the batch, not averaged"
        yield "1/N", 1 / rows, "analytic is 1/N times numeric: it is divided by the batch once too often"
    for rate in rates:
        if rate != 1.0:
            yield (
                f"{rate:g}",
                rate,
                f"analytic is {rate:g} times numeric: a learning rate, which the optimizer applies",
            )


def _rearranged(analytic: Array) -> Iterator[tuple[str, Array]]:
    """Other orders of the gradient's entries that mistakes can cause, each with a text."""
    if analytic.ndim == 2 and analytic.shape[0] == analytic.shape[1]:
        yield "analytic is the transposed gradient", analytic.T
        yield "analytic is the transposed gradient with the wrong sign", -analytic.T
    for axis in (i for i, size in enumerate(analytic.shape) if size > 1):
        yield f"analytic is shifted by one along axis {axis}", np.roll(analytic, 1, axis)
        yield f"analytic is shifted by one along axis {axis}", np.roll(analytic, -1, axis)
        yield f"analytic is in reverse order along axis {axis}", np.flip(analytic, axis)
