"""Initializers: bounds, means and variances, within random errors for fixed seeds; orthogonality."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import OptionError
from nnfs_cli.initializers.base import INITIALIZERS, Initializer

FAN_IN, FAN_OUT = 300, 200
N = FAN_IN * FAN_OUT

CUT = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
"""The variance of a standard normal variable that is truncated at -2 and 2."""

UNIFORM, NORMAL = 1.8, 3.0
"""Kurtosis, on which the random error of a variance depends."""

# name, options, mean, variance, largest distance from the mean, kurtosis
DISTRIBUTIONS: list[tuple[str, Mapping[str, Any], float, float, float, float]] = [
    ("xavier_uniform", {}, 0.0, 2 / 500, math.sqrt(6 / 500), UNIFORM),
    ("xavier_uniform", {"gain": 3.0}, 0.0, 9 * 2 / 500, 3 * math.sqrt(6 / 500), UNIFORM),
    ("xavier_normal", {}, 0.0, 2 / 500, math.inf, NORMAL),
    ("xavier_normal", {"gain": 3.0}, 0.0, 9 * 2 / 500, math.inf, NORMAL),
    ("he_uniform", {}, 0.0, 2 / 300, math.sqrt(6 / 300), UNIFORM),
    ("he_uniform", {"gain": 0.5}, 0.0, 0.25 * 2 / 300, 0.5 * math.sqrt(6 / 300), UNIFORM),
    ("he_normal", {}, 0.0, 2 / 300, math.inf, NORMAL),
    ("he_normal", {"gain": 0.5}, 0.0, 0.25 * 2 / 300, math.inf, NORMAL),
    ("lecun_uniform", {}, 0.0, 1 / 300, math.sqrt(3 / 300), UNIFORM),
    ("lecun_uniform", {"gain": 2.0}, 0.0, 4 / 300, 2 * math.sqrt(3 / 300), UNIFORM),
    ("lecun_normal", {}, 0.0, 1 / 300, math.inf, NORMAL),
    ("lecun_normal", {"gain": 2.0}, 0.0, 4 / 300, math.inf, NORMAL),
    ("uniform", {}, 0.0, 0.1**2 / 12, 0.05, UNIFORM),
    ("uniform", {"low": 1.0, "high": 4.0}, 2.5, 9 / 12, 1.5, UNIFORM),
    ("normal", {}, 0.0, 0.05**2, math.inf, NORMAL),
    ("normal", {"mean": 2.0, "stddev": 3.0}, 2.0, 9.0, math.inf, NORMAL),
    ("truncated_normal", {}, 0.0, 0.05**2 * CUT, 0.1, NORMAL),
    ("truncated_normal", {"mean": 2.0, "stddev": 3.0}, 2.0, 9.0 * CUT, 6.0, NORMAL),
]


def filled(name: str, shape: Shape = (FAN_IN, FAN_OUT), seed: int = 4, **options: Any) -> Array:
    initializer: Initializer = create(Initializer, name, options)
    array = np.full(shape, np.nan)
    initializer(array, FAN_IN, FAN_OUT, np.random.default_rng(seed))
    return array


@pytest.mark.parametrize(("name", "options", "mean", "variance", "reach", "kurtosis"), DISTRIBUTIONS)
def test_mean_variance_and_bounds_are_as_promised(
    name: str, options: Mapping[str, Any], mean: float, variance: float, reach: float, kurtosis: float
) -> None:
    w = filled(name, **options)
    assert abs(w.mean() - mean) < 5 * math.sqrt(variance / N)
    assert abs(w.var() / variance - 1) < 5 * math.sqrt((kurtosis - 1) / N)
    assert np.abs(w - mean).max() <= reach
    if reach < math.inf:
        assert np.abs(w - mean).max() > 0.999 * reach, "the whole interval is used"


@pytest.mark.parametrize(("name", "options", "mean", "variance", "reach", "kurtosis"), DISTRIBUTIONS)
def test_values_are_spread_as_their_distribution_says(
    name: str, options: Mapping[str, Any], mean: float, variance: float, reach: float, kurtosis: float
) -> None:
    """Compare the parts of values within half a standard deviation, and within one."""
    w = np.abs(filled(name, **options) - mean)
    for share in (0.5, 1.0):
        if name == "truncated_normal":
            spread, whole = options.get("stddev", 0.05), math.erf(math.sqrt(2))
            expected = math.erf(share / math.sqrt(2)) / whole
        elif kurtosis == UNIFORM:
            spread, expected = reach, share
        else:
            spread, expected = math.sqrt(variance), math.erf(share / math.sqrt(2))
        scatter = math.sqrt(expected * (1 - expected) / N)
        assert abs((w <= share * spread).mean() - expected) <= 5 * scatter


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if hasattr(INITIALIZERS[name](), "gain")])
def test_a_gain_multiplies_what_is_drawn(name: str) -> None:
    np.testing.assert_allclose(filled(name, gain=2.5), 2.5 * filled(name), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_the_same_seed_gives_the_same_values_and_another_seed_others(name: str) -> None:
    np.testing.assert_array_equal(filled(name), filled(name))
    if name not in ("zeros", "constant"):
        assert (filled(name) != filled(name, seed=5)).mean() > 0.99


@pytest.mark.parametrize("name", list(INITIALIZERS))
@pytest.mark.parametrize("shape", [(1, 1), (7,), (2, 3, 4)])
def test_any_shape_is_filled(name: str, shape: Shape) -> None:
    assert np.isfinite(filled(name, shape)).all()


def test_zeros_and_constant_are_what_they_say() -> None:
    np.testing.assert_array_equal(filled("zeros", (2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(filled("constant", (2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(filled("constant", (2, 3), value=-1.5), np.full((2, 3), -1.5))


@pytest.mark.parametrize("gain", [1.0, math.sqrt(2)])
@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50), (1, 9), (9, 1), (3, 4, 5), (2, 2, 40), (9,)])
def test_orthogonal_columns_or_rows_are_orthonormal_times_the_gain(shape: Shape, gain: float) -> None:
    W = filled("orthogonal", shape, gain=gain).reshape(-1, shape[-1])
    gram = W.T @ W if len(W) >= shape[-1] else W @ W.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-13)


def test_orthogonal_matrices_are_evenly_drawn() -> None:
    """Each entry is as often positive as negative, and all angles are equally likely."""
    count = 2000
    rng, array = np.random.default_rng(6), np.empty((2, 2))
    drawn = []
    for _ in range(count):
        INITIALIZERS["orthogonal"]()(array, 2, 2, rng)
        drawn.append(array.copy())
    Q = np.array(drawn)
    np.testing.assert_allclose(Q.mean(axis=0), 0.0, atol=5 * math.sqrt(0.5 / count))
    quarter = np.floor(np.arctan2(Q[:, 1, 0], Q[:, 0, 0]) / (math.pi / 4)).astype(int) + 4
    shares = np.bincount(quarter, minlength=8) / count
    np.testing.assert_allclose(shares, 1 / 8, atol=5 * math.sqrt(7 / 64 / count))
    assert abs((np.linalg.det(Q) > 0).mean() - 0.5) < 5 * math.sqrt(0.25 / count)


def signal_after(layers: int, name: str, activation: Any, **options: Any) -> float:
    """The mean square of signals after many layers of 256 units; it is 1 before them."""
    rng, W = np.random.default_rng(7), np.empty((256, 256))
    initializer: Initializer = create(Initializer, name, options)
    x = rng.normal(size=(128, 256))
    for _ in range(layers):
        initializer(W, 256, 256, rng)
        x = activation(x @ W)
    return float(np.mean(np.square(x)))


@pytest.mark.parametrize("name", ["he_normal", "he_uniform"])
def test_he_keeps_signals_alive_through_twenty_layers_of_relu(name: str) -> None:
    def relu(x: Array) -> Array:
        return np.maximum(x, 0.0)

    assert 0.2 < signal_after(20, name, relu) < 5
    assert signal_after(20, name.replace("he", "lecun"), relu) < 1e-4


@pytest.mark.parametrize("name", ["lecun_normal", "lecun_uniform", "xavier_normal", "xavier_uniform"])
def test_lecun_and_xavier_keep_signals_alive_through_twenty_linear_layers(name: str) -> None:
    assert 0.5 < signal_after(20, name, np.asarray) < 2


def test_orthogonal_keeps_the_size_of_signals_exactly() -> None:
    assert signal_after(20, "orthogonal", np.asarray) == pytest.approx(
        signal_after(0, "orthogonal", np.asarray)
    )


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        *((name, {"gain": 0.0}, "gain must be") for name in ("xavier_normal", "he_uniform", "lecun_normal")),
        ("orthogonal", {"gain": -1.0}, "gain must be"),
        ("uniform", {"low": 1.0, "high": 1.0}, "high must be above low"),
        ("normal", {"stddev": -1.0}, "stddev must be"),
        ("truncated_normal", {"stddev": -1.0}, "stddev must be"),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        INITIALIZERS[name](**options)
