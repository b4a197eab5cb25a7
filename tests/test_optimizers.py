"""Optimizers: laws for all of them with all their options. test_reference.py compares them with PyTorch."""

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer

DECAYS = ("weight_decay", "decoupled_weight_decay")
VARIANTS: dict[str, list[Mapping[str, Any]]] = {
    "sgd": [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "rmsprop": [{"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.9}],
    "adam": [{"beta1": 0.0, "beta2": 0.0}],
    "nadam": [{"momentum_decay": 0.0}],
}


def decay_option(name: str) -> str:
    return next(option for option in DECAYS if hasattr(OPTIMIZERS[name](), option))


def cases(*decays: float) -> list[Any]:
    return [
        pytest.param(name, {**options, decay_option(name): decay}, id=f"{name}-{options}-{decay}")
        for name in OPTIMIZERS
        for options in [{}, *VARIANTS.get(name, [])]
        for decay in decays
    ]


CASES, NO_DECAY = cases(0.0, 0.1), cases(0.0)
EVERY_CASE = pytest.mark.parametrize(("name", "options"), CASES)


def start(
    name: str, options: Mapping[str, Any], dtype: str = "float64", d: int = 6
) -> tuple[FlatParams, Optimizer]:
    """Parameters W (d, 5) with weight decay and b (5,) without, and an optimizer for them."""
    named = {"W": Param((d, 5), Zeros()), "b": Param((5,), Zeros(), decay=False)}
    params = FlatParams(named, {}, dtype)
    params.value[...] = np.random.default_rng(2).normal(size=params.value.shape)
    optimizer: Optimizer = create(Optimizer, name, options)
    optimizer.build(params)
    return params, optimizer


def walk(
    params: FlatParams, optimizer: Optimizer, gradient: Callable[[int], Any], steps: range, rate: float = 0.01
) -> Array:
    for step in steps:
        params.grad[...] = gradient(step)
        optimizer.step(params, rate)
    return params.value.copy()


def noise(step: int) -> Array:
    return np.random.default_rng(step).normal(size=35)


@EVERY_CASE
def test_a_float32_network_stays_one(name: str, options: Mapping[str, Any]) -> None:
    params, optimizer = start(name, options, "float32")
    exact, twin = start(name, options)
    exact.value[...] = params.value
    found = walk(params, optimizer, noise, range(20))
    assert {a.dtype for a in (params.value, params.grad, optimizer.scratch)} == {np.dtype("float32")}
    assert {a.dtype for a in optimizer.state().values() if a.size > 1} <= {np.dtype("float32")}
    if name != "lion":  # a rounding error may change a sign, and so a whole step
        np.testing.assert_allclose(found, walk(exact, twin, noise, range(20)), rtol=1e-3, atol=1e-4)


@EVERY_CASE
def test_state_loaded_into_another_goes_on_bit_for_bit(name: str, options: Mapping[str, Any]) -> None:
    params, optimizer = start(name, options)
    walk(params, optimizer, noise, range(7))
    other, twin = start(name, options)
    other.value[...] = params.value
    assert optimizer.state().keys() == twin.state().keys()
    for key, array in twin.state().items():
        array[...] = optimizer.state()[key].copy()
    np.testing.assert_array_equal(
        walk(params, optimizer, noise, range(7, 20)), walk(other, twin, noise, range(7, 20))
    )


@pytest.mark.parametrize(("name", "options"), NO_DECAY)
def test_without_a_gradient_nothing_moves(name: str, options: Mapping[str, Any]) -> None:
    params, optimizer = start(name, options)
    before = params.value.copy()
    np.testing.assert_array_equal(walk(params, optimizer, lambda step: 0.0, range(5)), before)


@EVERY_CASE
def test_a_gradient_of_zero_entries_moves_the_others_alone(name: str, options: Mapping[str, Any]) -> None:
    params, optimizer = start(name, {**options, decay_option(name): 0.0})
    before, mask = params.value.copy(), np.arange(35) % 2 == 0
    after = walk(params, optimizer, lambda step: noise(step) * mask, range(5))
    np.testing.assert_array_equal(after != before, mask)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_weight_decay_pulls_weights_to_zero_and_spares_biases(name: str) -> None:
    params, optimizer = start(name, {decay_option(name): 0.1})
    W, b = (params.named[key].value for key in ("W", "b"))
    W_before, b_before = W.copy(), b.copy()
    walk(params, optimizer, lambda step: 0.0, range(3))
    assert (np.abs(W) < np.abs(W_before)).all()
    np.testing.assert_array_equal(b, b_before)


@pytest.mark.parametrize("name", ["adamw", "lion"])
def test_decoupled_weight_decay_acts_on_the_weights_themselves(name: str) -> None:
    with_decay, without = (start(name, {"decoupled_weight_decay": decay}) for decay in (0.3, 0.0))
    W = with_decay[0].named["W"].value
    before = W.copy()
    for params, optimizer in (with_decay, without):
        walk(params, optimizer, noise, range(1), rate=0.1)
    gap = without[0].named["W"].value - W
    np.testing.assert_allclose(gap, 0.1 * 0.3 * before, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if decay_option(name) == "weight_decay"])
def test_coupled_weight_decay_is_a_part_of_the_gradient(name: str) -> None:
    coupled, by_hand = start(name, {"weight_decay": 0.3}), start(name, {})

    def with_decay(step: int) -> Array:
        d = by_hand[0].decayed
        gradient = noise(step)
        gradient[d] += 0.3 * by_hand[0].value[d]
        return gradient

    found, expected = walk(*coupled, noise, range(10)), walk(*by_hand, with_decay, range(10))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "options"), NO_DECAY)
def test_the_rate_handed_in_is_the_one_used(name: str, options: Mapping[str, Any]) -> None:
    steps = []
    for rate in (0.1, 0.2):
        params, optimizer = start(name, {**options, "learning_rate": 7.0})
        before = params.value.copy()
        steps.append(walk(params, optimizer, noise, range(1), rate) - before)
    np.testing.assert_allclose(steps[1], 2 * steps[0], rtol=1e-12)


SCALELESS = [case for case in NO_DECAY if case.values[0] not in ("sgd", "adadelta")]


@pytest.mark.parametrize(("name", "options"), SCALELESS)
def test_adaptive_steps_do_not_depend_on_the_gradients_scale(name: str, options: Mapping[str, Any]) -> None:
    small, large = start(name, options), start(name, options)
    found = walk(*large, lambda step: 1e4 * noise(step), range(10))
    np.testing.assert_allclose(found, walk(*small, noise, range(10)), atol=1e-5)


@pytest.mark.parametrize("size", [1e4, 1e-20])
@EVERY_CASE
def test_extreme_gradients_are_no_trouble(name: str, options: Mapping[str, Any], size: float) -> None:
    params, optimizer = start(name, options, "float32")
    assert np.isfinite(walk(params, optimizer, lambda step: size * noise(step), range(20))).all()


def test_a_gradient_that_never_changes_is_no_trouble_for_centered_rmsprop() -> None:
    """The variance is zero, or slightly negative by rounding."""
    for dtype in ("float32", "float64"):
        params, optimizer = start("rmsprop", {"centered": True}, dtype)
        assert np.isfinite(walk(params, optimizer, lambda step: noise(0), range(6000), rate=1e-6)).all()


@EVERY_CASE
def test_a_step_allocates_nothing_of_the_parameters_size(name: str, options: Mapping[str, Any]) -> None:
    params, optimizer = start(name, options, d=4000)
    for _ in range(2):
        params.grad.fill(0.5)
        tracemalloc.start()
        optimizer.step(params, 0.01)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < params.value.nbytes / 10


@pytest.mark.parametrize("name", ["adam", "adamw", "amsgrad", "adamax", "nadam"])
def test_the_first_step_of_the_adams_is_of_the_rates_size(name: str) -> None:
    """The corrections compensate for averages that start at zero."""
    params, optimizer = start(name, {decay_option(name): 0.0})
    before = params.value.copy()
    step = walk(params, optimizer, noise, range(1), rate=0.01) - before
    size = 0.01 if name != "nadam" else np.abs(step[0])
    np.testing.assert_allclose(step, -size * np.sign(noise(0)), rtol=1e-5)
    assert 0.005 < size < 0.02


@EVERY_CASE
def test_a_step_in_stretches_is_the_whole_step_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, name: str, options: Mapping[str, Any]
) -> None:
    whole = walk(*start(name, options), noise, range(5))
    monkeypatch.setattr("nnfs_cli.optimizers.base.CHUNK", 7)
    np.testing.assert_array_equal(walk(*start(name, options), noise, range(5)), whole)
