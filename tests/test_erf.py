"""The error function against the standard library's."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.kernels.erf import CHUNK, ONE, SMALL, erf

DRAW = np.random.default_rng(1)
EDGES = [edge for at in (SMALL, 4.0, ONE) for edge in (np.nextafter(at, 0), at, np.nextafter(at, 9))]
TINY = np.logspace(-300, 0, 3001)
X = np.concatenate([DRAW.uniform(-7, 7, 30_000), DRAW.normal(size=30_000), EDGES, TINY, -TINY, [1e4, -1e4]])


def from_math(x: Array) -> Array:
    return np.array([math.erf(number) for number in x.ravel()]).reshape(x.shape)


def ours(x: Array) -> Array:
    out = np.full_like(x, np.nan)
    erf(x, out)
    return out


def test_it_is_right_to_the_last_digits_of_float64_even_for_tiny_numbers() -> None:
    np.testing.assert_allclose(ours(X), from_math(X), rtol=2e-15, atol=0)


def test_float32_stays_float32_and_is_right_to_its_last_digits() -> None:
    x = X[np.abs(X) > 1e-30].astype(np.float32)
    assert ours(x).dtype == np.float32
    np.testing.assert_allclose(ours(x), from_math(x), rtol=6e-7, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_ends_of_the_line_and_zero(dtype: str) -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], dtype)
    np.testing.assert_array_equal(ours(x), [1.0, -1.0, np.nan, 0.0, 0.0])


def test_it_is_odd() -> None:
    np.testing.assert_array_equal(ours(-X), -ours(X))


def test_it_may_write_over_its_input() -> None:
    x = X.copy()
    erf(x, x)
    np.testing.assert_array_equal(x, ours(X))


@pytest.mark.parametrize(
    "arrange",
    [
        lambda x: x[:0],
        lambda x: x[:1],
        lambda x: x[: CHUNK + 1],
        lambda x: x[:60_000:7],
        lambda x: x[:60_000].reshape(300, 200).T,
        lambda x: np.moveaxis(x[:60_000].reshape(3, 4, 5_000), -1, 0),
    ],
    ids=["none", "one", "a chunk and one more", "strided", "transposed", "batch innermost"],
)
def test_any_size_and_memory_order_will_do(arrange: Callable[[Array], Array]) -> None:
    x = arrange(X)
    np.testing.assert_allclose(ours(x), from_math(x), rtol=2e-15, atol=0)
    other_order = np.full(x.shape, np.nan)
    erf(x, other_order)
    np.testing.assert_array_equal(other_order, ours(x))
