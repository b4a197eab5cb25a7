"""The products of a dense layer in the forms that BLAS computes fastest, as calls to make at each step."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.speed.blas import multiplies_unpacked
from nnfs_cli.speed.listed import Call

UNPACKED_SIZE = 10**6
"""Multiply-adds up to which OpenBLAS multiplies small matrices as they lie, on processors with AVX-512."""

MOST_ROWS = 64
"""With more rows, packing costs less than what smaller pieces or copies lose."""

WORTH_TURNING = 2**17
"""Multiply-adds from which on another order of memory saves more than a copy costs."""

ROWS_UNPACKED, COLUMNS_UNPACKED = 8, 32
"""Such products are fast with multiples of so many rows and columns; others may take twice as long."""

WORTH_TWO_THREADS = 2**25
"""Multiply-adds from which on BLAS may share a product among threads, which it does not with small ones."""


def product(a: Array, b: Array, out: Array) -> Iterator[Call]:
    """out = a b, where narrow rows may lie batch innermost: then as the transpose, b^T a^T.

    As np.matmul(a, b, out=out), which takes 1 to 5 us more for narrow layers; an array's own `dot` takes
    0.2 us less than np.dot. Where BLAS multiplies small matrices unpacked, a few rows at a time: that
    takes 60 to 90 % of the time.
    """
    if not out.flags.c_contiguous:
        yield partial(b.T.dot, a.T, out.T)
        return
    rows = _rows_unpacked(a, b)
    whole = len(a) // rows * rows if rows else 0
    if whole:
        few, results = (each[:whole].reshape(-1, rows, each.shape[1]) for each in (a, out))
        yield partial(np.matmul, few, b, out=results)
    if whole < len(a):
        yield partial(a[whole:].dot, b, out[whole:])


def _rows_unpacked(a: Array, b: Array) -> int:
    """How many rows of a to multiply by b at a time; 0 for all of them.

    Where BLAS packs, it would pack b again for every few rows, and take almost twice as long.
    """
    n, size = len(a), b.size
    rows = UNPACKED_SIZE // size // ROWS_UNPACKED * ROWS_UNPACKED
    suits = 0 < rows < n and n * size < WORTH_TWO_THREADS and b.shape[1] % COLUMNS_UNPACKED == 0
    as_they_lie = suits and a.flags.c_contiguous and b.flags.c_contiguous and multiplies_unpacked()
    return rows if as_they_lie else 0


def product_over_rows(x: Array, dy: Array, out: Array) -> Iterator[Call]:
    """out = x^T dy, for few rows in pieces of out that BLAS multiplies without packing x and dy first.

    As np.dot(x.T, dy, out=out), in three quarters of the time for 64 rows of 784 by 128.
    """
    n, size = len(x), x.size * dy.shape[1]
    piece = UNPACKED_SIZE // dy.size // 16 * 16
    if n > MOST_ROWS or not UNPACKED_SIZE < size < WORTH_TWO_THREADS or piece < 32:
        yield partial(x.T.dot, dy, out)
        return
    pieces = x.shape[1] // piece
    whole = pieces * piece
    parts = x[:, :whole].reshape(n, pieces, piece).transpose(1, 2, 0)
    yield partial(np.matmul, parts, dy, out=out[:whole].reshape(pieces, piece, -1))
    if whole < len(out):
        yield partial(x[:, whole:].T.dot, dy, out[whole:])


def product_with_transpose(dy: Array, W: Array, scratch: Callable[..., Array], out: Array) -> Iterator[Call]:
    """out = dy W^T, where that pays from a copy of dy that lies batch innermost, in `scratch`."""
    if _is_worth_turning(dy, out):
        turned = scratch("turned", dy.shape[::-1], dy.dtype).T
        yield partial(np.copyto, turned, dy)
        dy = turned
    yield from product(dy, W.T, out=out)


def _is_worth_turning(dy: Array, dx: Array) -> bool:
    """Whether dx = dy W^T takes less time from a copy of dy that lies batch innermost, copying included.

    BLAS is slowest at small products for which, as for dy and W in C order, the numbers that are
    multiplied and summed up lie next to each other in both matrices: there it takes twice as long.
    """
    (n, inputs), size = dx.shape, dy.size * dx.shape[1]
    small = WORTH_TURNING <= size <= UNPACKED_SIZE and n <= MOST_ROWS <= inputs
    return small and dy.flags.c_contiguous and dx.flags.c_contiguous


def as_number(b: Array) -> Array:
    """b, or if it is but one number, that without dimensions: NumPy adds it in less time."""
    return b if b.size > 1 else b.reshape(())
