"""The standard normal distribution, to the last digits of float64, in NumPy alone."""

import math

import numpy as np

from nnfs_cli.core.params import Array

# The coefficients of Cody's rational approximations, highest power first.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3,
     2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip


def pdf(x: Array) -> Array:
    """The density, exp(-x^2 / 2) / sqrt(2 pi), of x of any shape."""
    z = np.clip(x, -40.0, 40.0).astype(np.float64)  # where it is zero anyway, so that no square overflows
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def cdf(x: Array) -> Array:
    """The distribution function, erfc(-x / sqrt(2)) / 2, of x of any shape."""
    return 0.5 * erfc(-np.asarray(x, np.float64) / math.sqrt(2))


def erfc(x: Array) -> Array:
    """The complementary error function, 1 - erf(x), with small relative error on the right too.

    Cody, 1969, Rational Chebyshev approximations for the error function: one ratio of polynomials
    up to 0.46875, one up to 4, one beyond.
    """
    z = np.abs(x)
    result = np.empty_like(z)
    small, large = z <= 0.46875, z > 4.0
    middle = ~(small | large)
    s = z[small]
    result[small] = 1.0 - s * _ratio(_SMALL, s * s)
    m = z[middle]
    result[middle] = np.exp(-m * m) * _ratio(_MIDDLE, m)
    far = np.minimum(z[large], 40.0)  # from 27 on it is zero
    inverse = 1.0 / (far * far)
    tail = 1.0 / math.sqrt(math.pi) - inverse * _ratio(_LARGE, inverse)
    result[large] = np.exp(-far * far) / far * tail
    return np.asarray(np.where(x < 0, 2.0 - result, result))


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    numerator, denominator = polynomials
    return np.asarray(np.polyval(numerator, x) / np.polyval(denominator, x))
