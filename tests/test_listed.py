"""Fast forms of layers, and networks of listed calls: they compute the same as plain ones."""

import copy
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.batch_norm import BatchNorm
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.layers.residual import Residual
from nnfs_cli.speed.forms import FORMS, FastDense, FastNetwork, FastReLU, fast_form
from nnfs_cli.speed.listed import ListedWorkspace, _calls

N = 6
CASES = [
    pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
    for name in LAYERS
    for options, shape in LAYERS[name].examples
]
WIDE: list[tuple[str, Any, Shape]] = [
    ("dense", {"units": 33}, (50,)),
    ("dense", {"units": 128, "bias": False}, (300,)),
    ("relu", {}, (40,)),
    ("relu", {}, (3, 6, 5)),
    ("batch_norm", {}, (70,)),
    ("batch_norm", {}, (3, 9, 8)),
    ("residual", {"layers": [{"type": "dense", "units": 40}, "batch_norm", "relu"]}, (40,)),
    ("residual", {"layers": [{"type": "residual", "layers": ["batch_norm", "relu"]}]}, (3, 5, 4)),
]
CASES += [pytest.param(*case, id=f"wide-{case[0]}-{case[1]}-{case[2]}") for case in WIDE]
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def plain_and_fast(layers: list[Layer], shape: Shape, dtype: str = "float64") -> tuple[Network, FastNetwork]:
    """A plain network with random weights, and a fast one with copies of them."""
    rng, plain = np.random.default_rng(1), Network(copy.deepcopy(layers), shape, dtype)
    plain.params.value[...] = rng.normal(size=plain.params.value.shape)
    plain.params.statistics[...] = rng.uniform(0.5, 2.0, plain.params.statistics.shape)
    other = Network(copy.deepcopy(layers), shape, dtype)
    other.params.value[...], other.params.statistics[...] = plain.params.value, plain.params.statistics
    for network in (plain, other):
        network.use_draws(Draws(2))
    return plain, FastNetwork(other)


def assert_near(ours: Array, plain: Array) -> None:
    """The error is relative to the largest number, since terms may cancel in others."""
    assert ours.dtype == plain.dtype
    size = float(np.abs(plain).max(initial=0.0))
    tolerance = TOLERANCE[str(plain.dtype)]
    np.testing.assert_allclose(ours, plain, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize("n", [1, N, 65])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_a_fast_network_computes_what_the_plain_one_does(
    name: str, options: Any, shape: Shape, dtype: str, n: int
) -> None:
    plain, fast = plain_and_fast([create(Layer, name, options)], shape, dtype)
    rng = np.random.default_rng(3)
    spaces = [network.workspace_type(network, n, to_input=True) for network in (plain, fast)]
    assert isinstance(spaces[1], ListedWorkspace)
    for number in range(3):
        x, dy = (rng.normal(size=array.shape) for array in (spaces[0].x, spaces[0].dy))
        for network, workspace in zip((plain, fast), spaces, strict=True):
            network.draws.seek(number)
            workspace.x[...], workspace.dy[...] = x, dy
            workspace.forward()
            workspace.backward()
        for ours, other in (
            (spaces[1].y, spaces[0].y),
            (spaces[1].dx, spaces[0].dx),
            (fast.params.grad, plain.params.grad),
            (fast.params.statistics, plain.params.statistics),
        ):
            assert_near(ours, other)
        for workspace in spaces:
            workspace.infer()
        assert_near(spaces[1].y, spaces[0].y)


def test_a_fast_network_sees_the_plain_ones_arrays() -> None:
    plain = Network([Dense(units=3), BatchNorm()], (4,), "float64")
    fast, apart = FastNetwork(plain), FastNetwork(plain, own_grad=True)
    for network in (fast, apart):
        assert network.params.value is plain.params.value
        assert network.params.statistics is plain.params.statistics
    assert fast.params.grad is plain.params.grad
    assert apart.params.grad is not plain.params.grad


def test_fast_forms_are_found_by_exact_type_inside_others_too() -> None:
    for plain, fast in FORMS.items():
        assert issubclass(fast, plain)
        options = {"units": 3} if plain is Dense else {}
        made = fast_form(create(Layer, plain.type_name, options))
        assert type(made) is fast
        assert made.options() == create(Layer, plain.type_name, options).options()
    block = fast_form(Residual((BatchNorm(), Residual((ReLU(),)))))
    assert isinstance(block, Residual)
    inner = block.layers[1]
    assert isinstance(inner, Residual)
    assert [type(block.layers[0]), type(inner.layers[0])] == [FORMS[BatchNorm], FORMS[ReLU]]


class Doubled(Dense):
    """y = 2 (x W + b), a user's layer."""

    def forward(self, x: Array, y: Array) -> None:
        super().forward(x, y)
        y *= 2.0


class Folded(ReLU):
    """y = |x|, a user's layer."""

    def forward(self, x: Array, y: Array) -> None:
        np.abs(x, out=y)


class Shifted(BatchNorm):
    """Batch normalization plus 1, a user's layer."""

    def forward(self, x: Array, y: Array) -> None:
        super().forward(x, y)
        y += 1.0


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    "layer", [Doubled(units=4), Folded(), Shifted()], ids=lambda layer: type(layer).__name__
)
def test_a_users_layer_that_derives_from_one_with_a_fast_form_is_heard(layer: Layer, nested: bool) -> None:
    own: list[Layer] = [Residual((layer,))] if nested else [layer]
    plain, fast = plain_and_fast(own, (4,))
    assert type(fast_form(layer)) is type(layer)
    spaces = [network.workspace(N) for network in (plain, fast)]
    for workspace in spaces:
        workspace.x[...] = np.random.default_rng(3).normal(size=(N, 4))
        workspace.forward()
    np.testing.assert_array_equal(spaces[1].y, spaces[0].y)
    base = type(layer).__mro__[1]
    original, _ = plain_and_fast([base(**layer.options())], (4,))
    space = original.workspace(N)
    space.x[...] = spaces[0].x
    space.forward()
    assert not np.allclose(space.y, spaces[1].y - (spaces[1].x if nested else 0.0))


def test_listing_calls_makes_none_of_them() -> None:
    _, fast = plain_and_fast([Dense(units=3), ReLU()], (4,))
    workspace = fast.workspace(N)
    assert isinstance(workspace, ListedWorkspace)
    for array in (*workspace.activations, *workspace.gradients, fast.params.grad):
        array.fill(7.0)
    assert workspace._forward_calls
    assert workspace._infer_calls
    assert workspace._backward_calls
    for array in (*workspace.activations, *workspace.gradients, fast.params.grad):
        assert (array == 7.0).all()


def test_calls_are_listed_once_and_a_plain_method_is_one_call() -> None:
    _, fast = plain_and_fast([Dense(units=3), BatchNorm()], (4,))
    workspace = fast.workspace(N)
    assert isinstance(workspace, ListedWorkspace)
    assert workspace._forward_calls is workspace._forward_calls
    assert len(_calls(fast.layers[0].forward, workspace.x, workspace.activations[1])) > 1
    assert len(_calls(fast.layers[1].forward, workspace.activations[1], workspace.y)) == 1


@pytest.mark.parametrize("cls", [FastDense, FastReLU])
def test_a_listed_method_that_is_called_makes_its_calls(cls: type[Layer]) -> None:
    plain, fast = plain_and_fast([Dense(units=4) if cls is FastDense else ReLU()], (4,))
    assert type(fast.layers[0]) is cls
    x, dy = (np.random.default_rng(seed).normal(size=(N, 4)) for seed in (4, 5))
    found = []
    for network in (plain, fast):
        layer, y, dx = network.layers[0], np.empty_like(x), np.empty_like(x)
        layer.forward(x, y)
        layer.param_grads(x, y, dy)
        layer.input_grad(x, y, dy, dx)
        found.append(np.concatenate([y.ravel(), dx.ravel(), network.params.grad]))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 5, 64, 1000])
@pytest.mark.parametrize("cls", [ReLU, FastReLU])
def test_relu_lets_no_gradient_through_at_either_zero(cls: type[ReLU], n: int, dtype: str) -> None:
    layer = cls()
    for zero in (0.0, -0.0):
        x, dy = np.full((n, 3), zero, dtype), np.ones((n, 3), dtype)
        y, dx = np.empty_like(x), np.full_like(x, np.nan)
        layer.forward(x, y)
        layer.input_grad(x, y, dy, dx)
        np.testing.assert_array_equal(dx, np.zeros_like(x))
