"""Regularizers: laws for all of them, and numbers computed by hand."""

import tracemalloc
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.errors import OptionError
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer

STRONG: dict[str, Mapping[str, Any]] = {
    "l1": {"strength": 0.3},
    "l2": {"strength": 0.7},
    "elastic_net": {"l1": 0.3, "l2": 0.7},
    "max_norm": {"limit": 1.5},
}
EVERY_ONE = pytest.mark.parametrize("name", list(REGULARIZERS))
PENALTIES = pytest.mark.parametrize("name", [name for name in REGULARIZERS if name != "max_norm"])


def regularizer(name: str, **options: Any) -> Regularizer:
    made: Regularizer = create(Regularizer, name, {**STRONG.get(name, {}), **options})
    return made


def params(dtype: str = "float64", **shapes: Shape) -> FlatParams:
    """Random parameters. Those with small first letters are not regularized by default."""
    named = {key: Param(shape, Zeros(), decay=key[0].isupper()) for key, shape in shapes.items()}
    flat = FlatParams(named, {}, dtype)
    flat.value[...] = np.random.default_rng(3).normal(size=flat.value.shape)
    return flat


def given(**arrays: Any) -> FlatParams:
    flat = params(**{key: np.shape(array) for key, array in arrays.items()})
    for key, array in arrays.items():
        flat.named[key].value[...] = array
    return flat


def gradient(made: Regularizer, flat: FlatParams) -> Array:
    flat.grad.fill(0.0)
    made.add_gradient(flat)
    return flat.grad.copy()


@pytest.mark.parametrize("everything", [False, True])
@EVERY_ONE
def test_the_gradient_is_the_penaltys(name: str, everything: bool) -> None:
    made, flat, h = regularizer(name, all_parameters=everything), params(W=(4, 3), b=(3,), V=(3, 2)), 1e-6
    analytic, numeric = gradient(made, flat), np.empty_like(flat.grad)
    for i in range(flat.value.size):
        flat.value[i] += h
        above = made.penalty(flat)
        flat.value[i] -= 2 * h
        numeric[i] = (above - made.penalty(flat)) / (2 * h)
        flat.value[i] += h
    np.testing.assert_allclose(analytic, numeric, rtol=1e-7, atol=1e-8)


@EVERY_ONE
def test_the_gradient_is_added_to_what_is_there(name: str) -> None:
    made, flat = regularizer(name), params(W=(4, 3), b=(3,))
    alone = gradient(made, flat)
    flat.grad[...] = 5.0
    made.add_gradient(flat)
    np.testing.assert_allclose(flat.grad, 5.0 + alone, rtol=1e-15)


@EVERY_ONE
def test_biases_and_norm_parameters_are_spared_unless_asked(name: str) -> None:
    for everything in (False, True):
        made, flat = regularizer(name, all_parameters=everything), params(W=(4, 3), b=(3,), gamma=(5,))
        flat.value *= 10.0
        before = flat.value.copy()
        made.add_gradient(flat)
        made.constrain(flat)
        touched = (flat.grad != 0) | (flat.value != before)
        assert touched[flat.decayed].all()
        assert (touched[flat.decayed.stop :] == everything).all()


@PENALTIES
def test_penalties_of_spared_parameters_do_not_count(name: str) -> None:
    flat = params(W=(4, 3), b=(3,))
    penalty = regularizer(name).penalty(flat)
    flat.named["b"].value[...] += 7.0
    assert regularizer(name).penalty(flat) == penalty
    assert regularizer(name, all_parameters=True).penalty(flat) > penalty


@EVERY_ONE
def test_a_float32_network_stays_one(name: str) -> None:
    made, flat = regularizer(name), params("float32", W=(4, 3), b=(3,))
    made.add_gradient(flat)
    made.constrain(flat)
    assert {flat.value.dtype, flat.grad.dtype} == {np.dtype("float32")}


@EVERY_ONE
def test_one_regularizer_serves_both_dtypes_and_several_networks(name: str) -> None:
    made = regularizer(name)
    for flat in (params(W=(4, 3)), params("float32", W=(4, 3)), params(W=(5, 3), b=(3,))):
        expected = regularizer(name)
        np.testing.assert_array_equal(gradient(made, flat), gradient(expected, flat))
        assert made.penalty(flat) == expected.penalty(flat)


@PENALTIES
def test_a_penalty_is_summed_up_in_float64(name: str) -> None:
    flat = params("float32", W=(1000, 1000))
    flat.value.fill(0.1)
    w = float(np.float32(0.1))
    expected = {"l1": 0.3 * w, "l2": 0.35 * w * w, "elastic_net": 0.3 * w + 0.35 * w * w}[name] * 1e6
    assert regularizer(name).penalty(flat) == pytest.approx(expected, rel=1e-7)


@EVERY_ONE
def test_nothing_of_the_parameters_size_is_allocated(name: str) -> None:
    made, flat = regularizer(name), params(W=(400, 300), b=(300,))
    for _ in range(2):
        tracemalloc.start()
        made.penalty(flat)
        made.add_gradient(flat)
        made.constrain(flat)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < flat.value.nbytes / 10


@EVERY_ONE
def test_extreme_weights_are_no_trouble(name: str) -> None:
    for dtype in ("float32", "float64"):
        made, flat = regularizer(name), params(dtype, W=(4, 3))
        flat.value *= 1e4
        assert np.isfinite(made.penalty(flat))
        assert np.isfinite(gradient(made, flat)).all()
        made.constrain(flat)
        assert np.isfinite(flat.value).all()


def test_penalties_by_hand() -> None:
    flat = given(W=[[3.0, -4.0], [0.0, 1.0]], b=[10.0, 10.0])
    cases: list[tuple[str, float, Any]] = [
        ("l1", 0.3 * 8, [[0.3, -0.3], [0.0, 0.3]]),
        ("l2", 0.35 * 26, [[2.1, -2.8], [0.0, 0.7]]),
        ("elastic_net", 0.3 * 8 + 0.35 * 26, [[2.4, -3.1], [0.0, 1.0]]),
    ]
    for name, penalty, dW in cases:
        assert regularizer(name).penalty(flat) == pytest.approx(penalty, rel=1e-14)
        gradient(regularizer(name), flat)
        np.testing.assert_allclose(flat.named["W"].grad, dW, rtol=1e-14)
        np.testing.assert_array_equal(flat.named["b"].grad, [0.0, 0.0])


def test_max_norm_by_hand() -> None:
    flat = given(W=[[3.0, 0.6, 0.0], [4.0, -0.8, 0.0]], b=[9.0, 9.0, 9.0])
    regularizer("max_norm", limit=2.5).constrain(flat)
    np.testing.assert_allclose(flat.named["W"].value, [[1.5, 0.6, 0.0], [2.0, -0.8, 0.0]], rtol=1e-15)
    np.testing.assert_array_equal(flat.named["b"].value, [9.0, 9.0, 9.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(40, 30), (1, 30), (40, 1)])
def test_max_norm_holds_afterwards_and_changes_no_direction(shape: Shape, dtype: str) -> None:
    flat = params(dtype, W=shape)
    made, columns = regularizer("max_norm"), flat.value.reshape(-1, shape[-1])
    columns *= np.linspace(0.01, 3.0, shape[-1]).astype(dtype)
    before = columns.copy()
    norms = np.linalg.norm(before, axis=0)
    made.constrain(flat)
    assert (np.linalg.norm(columns, axis=0) <= 1.5 * (1 + 1e-5)).all()
    np.testing.assert_array_equal(columns[:, norms <= 1.5], before[:, norms <= 1.5])
    expected = before * np.minimum(1.0, 1.5 / norms)
    np.testing.assert_allclose(columns, expected, rtol=1e-5 if dtype == "float32" else 1e-13)
    after = columns.copy()
    made.constrain(flat)
    np.testing.assert_allclose(columns, after, rtol=1e-5 if dtype == "float32" else 1e-13)


def test_max_norm_bounds_vectors_only_when_asked() -> None:
    for everything, expected in ((False, [3.0, 4.0]), (True, [0.9, 1.2])):
        for key in ("b", "Slopes"):
            flat = given(**{key: [3.0, 4.0]})
            regularizer("max_norm", all_parameters=everything).constrain(flat)
            np.testing.assert_allclose(flat.value, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("l1", {"strength": -1.0}, "strength must be"),
        ("l2", {"strength": -1.0}, "strength must be"),
        ("elastic_net", {"l1": -1.0, "l2": -1.0}, "l1 must be .*; l2 must be"),
        ("max_norm", {"limit": 0.0}, "limit must be"),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        REGULARIZERS[name](**options)
