"""The error function of arrays in float64's precision, in pure NumPy."""

import numpy as np

from nnfs_cli.core.arrays import Array

CHUNK = 4096
"""Numbers computed at a time: intermediate arrays stay small and fit into the cache."""

SMALL = 0.46875
ONE = 6.0
"""Above this x, erf is 1 in float64."""

# Coefficients, highest power first: x p(x^2) / q(x^2) up to SMALL, 1 - exp(-x^2) p(x) / q(x) beyond.
_P_SMALL = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
    3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
_Q_SMALL = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
)  # fmt: skip
_P_LARGE = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
)  # fmt: skip
_Q_LARGE = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip


def erf(x: Array, out: Array) -> None:
    """out = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; out may be x itself.

    It computes in x's type, float32 or float64, without arrays of x's size. In float64 the relative error
    is below 1e-15 for every x, tiny ones included. Infinities give 1 and -1, nan gives nan.

    W. J. Cody, 1969, Rational Chebyshev approximations for the error function, Mathematics of
    Computation 23. The third of his three ratios, for x > 4, is not needed: erfc is below 2e-8 there, and
    the second ratio gives it to 1e-12, so that 1 - erfc is exact.
    """
    size = min(CHUNK, max(x.size, 1))
    work = np.empty((4, size), x.dtype)
    pieces = np.nditer(
        [x, out],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"], ["writeonly"]],
        buffersize=size,
    )
    with pieces:
        for piece, result in pieces:
            _erf(piece, result, work[:, : len(piece)])


def _erf(x: Array, y: Array, work: Array) -> None:
    """Compute both ratios of every number, then select: selecting first would take longer."""
    z, size, p, q = work
    np.clip(x, -ONE, ONE, out=z)
    np.abs(z, out=size)
    _polynomial(_P_LARGE, size, p)
    _polynomial(_Q_LARGE, size, q)
    p /= q
    np.multiply(size, size, out=q)
    np.negative(q, out=y)
    np.exp(y, out=y)
    p *= y
    np.subtract(1.0, p, out=y)
    np.copysign(y, z, out=y)
    # y is right for large x. For small x, subtract its difference to the other ratio.
    np.greater(size, SMALL, out=size)
    square = q
    ratio = p
    _polynomial(_P_SMALL, square, ratio)
    ratio *= z
    _polynomial(_Q_SMALL, square, z)
    ratio /= z
    y -= ratio
    y *= size
    y += ratio


def _polynomial(coefficients: tuple[float, ...], x: Array, out: Array) -> None:
    """Horner's scheme in place."""
    first, second, *rest = coefficients
    if first == 1.0:
        np.add(x, second, out=out)
    else:
        np.multiply(x, first, out=out)
        out += second
    for coefficient in rest:
        out *= x
        out += coefficient
