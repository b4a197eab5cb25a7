"""Layers whose work is listed once and then called again and again, as workspaces do."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import LAYERS, Call, Layer, prepare, prepared
from nnfs_cli.layers.dense import Dense

N = 6
CASES = [
    pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
    for name in LAYERS
    for options, shape in LAYERS[name].examples
]


def workspace(layer: Layer, shape: Shape) -> tuple[Network, Workspace]:
    """Of a network of one layer with random weights, and with random numbers in x and dy."""
    network, rng = Network([layer], shape, "float64"), np.random.default_rng(1)
    network.use_draws(Draws(2))
    network.params.value[...] = rng.normal(size=network.params.value.shape)
    made = Workspace(network, N, to_input=True)
    made.x[...] = rng.normal(size=made.x.shape)
    made.dy[...] = rng.normal(size=made.dy.shape)
    return network, made


@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_a_layers_methods_do_what_a_workspace_does(name: str, options: Any, shape: Shape) -> None:
    network, listed = workspace(create(Layer, name, options), shape)
    other, called = workspace(create(Layer, name, options), shape)
    for _ in range(2):
        listed.forward()
        listed.backward()
        layer = other.layers[0]
        layer.forward(called.x, called.y)
        if layer.params():
            layer.param_grads(called.x, called.y, called.dy)
        layer.input_grad(called.x, called.y, called.dy, called.dx)
        np.testing.assert_array_equal(called.y, listed.y)
        np.testing.assert_array_equal(called.dx, listed.dx)
        np.testing.assert_array_equal(other.params.grad, network.params.grad)


class Doubled(Dense):
    """y = 2 (x W + b), a user's layer in the plain form."""

    def forward(self, x: Array, y: Array) -> None:
        super().forward(x, y)
        y *= 2.0


class Halved(Dense):
    """y = (x W + b) / 2, a user's layer that lists its calls."""

    @prepared
    def forward(self, x: Array, y: Array) -> Iterator[Call]:
        yield partial(super().forward, x, y)
        yield partial(np.multiply, y, 0.5, out=y)


@pytest.mark.parametrize(("cls", "factor"), [(Doubled, 2.0), (Halved, 0.5)])
def test_what_derives_from_a_prepared_layer_is_heard(cls: type[Dense], factor: float) -> None:
    _, plain = workspace(Dense(units=3), (4,))
    _, derived = workspace(cls(units=3), (4,))
    for made in (plain, derived):
        made.forward()
    np.testing.assert_array_equal(derived.y, factor * plain.y)
    for made in (plain, derived):
        made.infer()
    np.testing.assert_array_equal(derived.y, factor * plain.y)


def test_listing_calls_makes_none_of_them() -> None:
    network, made = workspace(Dense(units=3), (4,))
    made.y.fill(7.0)
    prepare(network.layers[0].forward, made.x, made.y)
    assert (made.y == 7.0).all()


def test_a_network_whose_parameters_move_trains_them_where_they_are() -> None:
    network = Network([Dense(units=3)], (4,), "float64")
    network.workspace(N).backward()
    value, grad = np.ones_like(network.params.value), np.full_like(network.params.grad, np.nan)
    network.move_params(value=value, grad=grad)
    value.fill(1.0)
    made = network.workspace(N)
    made.x.fill(1.0)
    made.dy.fill(1.0)
    made.forward()
    made.backward()
    np.testing.assert_array_equal(made.y, np.full((N, 3), 5.0))
    np.testing.assert_array_equal(network.params.grad, np.full(15, float(N)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 5, 64, 1000])
def test_relu_lets_no_gradient_through_at_either_zero(n: int, dtype: str) -> None:
    layer = create(Layer, "relu", {})
    for zero in (0.0, -0.0):
        x, dy = np.full((n, 3), zero, dtype), np.ones((n, 3), dtype)
        y, dx = np.empty_like(x), np.full_like(x, np.nan)
        layer.forward(x, y)
        layer.input_grad(x, y, dy, dx)
        np.testing.assert_array_equal(dx, np.zeros_like(x))
