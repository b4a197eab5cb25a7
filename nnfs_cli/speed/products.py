"""The matrix products of a dense layer, in the forms that BLAS computes fastest, as lists of calls."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.speed.blas import multiplies_unpacked
from nnfs_cli.speed.listed import Call

UNPACKED_SIZE = 10**6
"""Up to this many multiply-adds, OpenBLAS on AVX-512 multiplies matrices without packing them first."""

MOST_ROWS = 64
"""With more rows, packing takes less time than smaller products or copies."""

WORTH_TRANSPOSING = 2**17
"""From this many multiply-adds on, another memory order saves more time than the copy takes."""

ROWS_UNPACKED, COLUMNS_UNPACKED = 8, 32
"""Unpacked products are fast for multiples of these rows and columns; others may take twice as long."""

WORTH_TWO_THREADS = 2**25
"""From this many multiply-adds on, BLAS may use several threads for a product."""


def product(a: Array, b: Array, out: Array) -> Iterator[Call]:
    """out = a b; if out is not in C order, as narrow activations, then out^T = b^T a^T.

    `dot` takes 1 to 5 us less than np.matmul for narrow layers, and an array's method 0.2 us less than
    np.dot. If BLAS multiplies small matrices unpacked, a few rows of a at a time take 60 to 90 % of the time.
    """
    if not out.flags.c_contiguous:
        yield partial(b.T.dot, a.T, out.T)
        return
    rows = _rows_unpacked(a, b)
    whole = len(a) // rows * rows if rows else 0
    if whole:
        blocks, results = (each[:whole].reshape(-1, rows, each.shape[1]) for each in (a, out))
        yield partial(np.matmul, blocks, b, out=results)
    if whole < len(a):
        yield partial(a[whole:].dot, b, out[whole:])


def _rows_unpacked(a: Array, b: Array) -> int:
    """The number of rows of a to multiply by b at a time; 0 for all rows.

    A BLAS that packs would pack b once for every few rows, and take almost twice as long.
    """
    n, size = len(a), b.size
    rows = UNPACKED_SIZE // size // ROWS_UNPACKED * ROWS_UNPACKED
    suits = 0 < rows < n and n * size < WORTH_TWO_THREADS and b.shape[1] % COLUMNS_UNPACKED == 0
    unpacked = suits and a.flags.c_contiguous and b.flags.c_contiguous and multiplies_unpacked()
    return rows if unpacked else 0


def product_over_rows(x: Array, dy: Array, out: Array) -> Iterator[Call]:
    """out = x^T dy; for few rows in blocks of out's rows, which BLAS multiplies without packing x and dy.

    For 64 rows of 784 by 128 this takes three quarters of the time of np.dot(x.T, dy, out=out).
    """
    n, size = len(x), x.size * dy.shape[1]
    block = UNPACKED_SIZE // dy.size // 16 * 16
    if n > MOST_ROWS or not UNPACKED_SIZE < size < WORTH_TWO_THREADS or block < 32:
        yield partial(x.T.dot, dy, out)
        return
    count = x.shape[1] // block
    whole = count * block
    blocks = x[:, :whole].reshape(n, count, block).transpose(1, 2, 0)
    yield partial(np.matmul, blocks, dy, out=out[:whole].reshape(count, block, -1))
    if whole < len(out):
        yield partial(x[:, whole:].T.dot, dy, out[whole:])


def product_with_transpose(dy: Array, W: Array, scratch: Callable[..., Array], out: Array) -> Iterator[Call]:
    """out = dy W^T; where that is faster, from a copy of dy with the batch axis contiguous, in `scratch`."""
    if _is_worth_transposing(dy, out):
        transposed = scratch("transposed", dy.shape[::-1], dy.dtype).T
        yield partial(np.copyto, transposed, dy)
        dy = transposed
    yield from product(dy, W.T, out=out)


def _is_worth_transposing(dy: Array, dx: Array) -> bool:
    """Whether dx = dy W^T takes less time from a transposed copy of dy, including the time for the copy.

    In dy and in W, both in C order, the axis that is summed over is the contiguous one. For small products
    of this kind BLAS takes twice as long as for others.
    """
    (n, inputs), size = dx.shape, dy.size * dx.shape[1]
    small = WORTH_TRANSPOSING <= size <= UNPACKED_SIZE and n <= MOST_ROWS <= inputs
    return small and dy.flags.c_contiguous and dx.flags.c_contiguous


def as_number(b: Array) -> Array:
    """b; if it has a single entry, as an array without dimensions, which NumPy adds faster."""
    return b if b.size > 1 else b.reshape(())
