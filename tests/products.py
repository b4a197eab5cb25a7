"""Every form of a product under this process's kernel of BLAS, held to the plain form."""

import sys
from typing import Any
from unittest.mock import patch

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import kernel_name, limit_blas
from nnfs_cli.speed import products

SHAPES = [(64, 784, 128), (64, 128, 10), (32, 1, 64), (32, 64, 64), (32, 64, 1), (128, 784, 256)]
SHAPES += [(65, 784, 128), (17, 300, 96), (64, 1500, 33), (1, 784, 32)]
"""Rows, inputs and units: those of the benchmarks, and some that leave remainders."""


def check(rows: int, inputs: int, units: int, dtype: np.dtype[Any]) -> None:
    """Compare the three products of a dense layer with those in float64."""
    shapes = (rows, inputs), (inputs, units), (rows, units)
    draw = np.random.default_rng(1)
    x, W, dy = (draw.normal(size=size).astype(dtype) for size in shapes)
    y, dW, dx = np.full_like(dy, np.nan), np.full_like(W, np.nan), np.full_like(x, np.nan)
    turned = np.full((units, rows), np.nan, dtype).T
    calls = [
        *products.product(x, W, y),
        *products.product(x, W, turned),
        *products.product_over_rows(x, dy, dW),
        *products.product_with_transpose(dy, W, lambda _, shape, dtype: np.empty(shape, dtype), dx),
    ]
    for call in calls:
        call()
    agree(y, x, W)
    agree(turned, x, W)
    agree(dW, x.T, dy)
    agree(dx, dy, W.T)


def agree(found: Array, a: Array, b: Array) -> None:
    """Hold a product of these two to the one in float64, within rounding of its sums' terms."""
    exact, terms = (x.astype(np.float64) @ y.astype(np.float64) for x, y in ((a, b), (abs(a), abs(b))))
    assert np.all(abs(found - exact) <= 4 * np.finfo(found.dtype).eps * terms)


if __name__ == "__main__":
    with limit_blas(1):
        for unpacked in (True, False):
            with patch.object(products, "multiplies_unpacked", return_value=unpacked):
                for shape in SHAPES:
                    check(*shape, np.dtype(np.float32))
                    check(*shape, np.dtype(np.float64))
    sys.stdout.write(kernel_name())
