"""A unit's incoming weights: every layer says them once, and fans, orthogonality and norms follow."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from nnfs_cli import LAYERS, Array, Initializer, Layer, Param, Shape
from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.initializers.base import INITIALIZERS
from nnfs_cli.initializers.he_normal import HeNormal
from nnfs_cli.initializers.orthogonal import Orthogonal
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.regularizers.max_norm import MaxNorm


@dataclass(eq=False)
class BackwardDense(Layer):
    """y = x W^T        W: (M, D), as PyTorch stores it

    units: M.
    init: how W is initialized.
    """

    units: int = 3
    init: Initializer = Zeros()  # noqa: RUF009  it is frozen
    type_name: ClassVar[str] = "backward_dense"

    def build(self, shape: Shape) -> Shape:
        self.W = Param((self.units, *shape), self.init, axes=(1, 0))
        return (self.units,)

    def forward(self, x: Array, y: Array) -> None:
        np.matmul(x, self.W.value.T, out=y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        np.matmul(dy.T, x, out=self.W.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.matmul(dy, self.W.value, out=dx)


def build(name: str, options: Mapping[str, Any], shape: Shape, init: str = "he_normal") -> Network:
    if name == BackwardDense.type_name:
        layer: Layer = BackwardDense(**options, init=INITIALIZERS[init]())
    elif "init" in {field.name for field in dataclasses.fields(LAYERS[name])}:
        layer = create(Layer, name, {**options, "init": init})
    else:
        layer = create(Layer, name, options)
    network = Network([layer], shape, "float64")
    network.params.value[...] = np.random.default_rng(1).normal(size=network.params.value.shape)
    return network


def weights(network: Network) -> list[Param]:
    return [param for param in network.params.named.values() if param.decay and len(param.shape) > 1]


WEIGHTED = [
    pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
    for name in LAYERS
    for options, shape in LAYERS[name].examples
    if weights(build(name, options, shape))
]
GROUPED: list[tuple[str, Mapping[str, Any], Shape]] = [
    ("conv2d", {"filters": 16, "kernel_size": 3}, (16, 8, 8)),
    ("conv2d", {"filters": 6, "kernel_size": [3, 2], "groups": 3, "dilation": 2}, (6, 9, 9)),
    ("conv2d", {"filters": 12, "kernel_size": 3, "groups": 12}, (12, 7, 7)),
    ("conv2d", {"filters": 24, "kernel_size": 1, "groups": 2}, (4, 3, 3)),
    ("conv_transpose2d", {"filters": 6, "kernel_size": 3}, (4, 7, 7)),
    ("conv_transpose2d", {"filters": 6, "kernel_size": [3, 2], "groups": 2}, (4, 7, 7)),
    ("dense", {"units": 7}, (4,)),
    ("dense", {"units": 4}, (7,)),
    ("backward_dense", {"units": 4}, (7,)),
]


def workspace_of(network: Network, n: int = 3) -> Workspace:
    workspace = Workspace(network, n, to_input=True)
    workspace.x[...] = np.random.default_rng(2).normal(size=workspace.x.shape)
    return workspace


@pytest.mark.parametrize(("name", "options", "shape"), [*WEIGHTED, *GROUPED])
def test_an_output_is_computed_from_its_units_incoming_weights_alone(
    name: str, options: Mapping[str, Any], shape: Shape
) -> None:
    """The gradient of output channel k is 0 but for the weights of unit k."""
    network = build(name, options, shape)
    workspace = workspace_of(network)
    for k in range(network.output_shape[0]):
        workspace.forward()
        workspace.dy[...] = 0.0
        workspace.dy[:, k] = np.random.default_rng(k).normal(size=workspace.dy[:, k].shape)
        workspace.backward()
        for param in weights(network):
            grad = param.by_unit(param.grad)
            units = grad.reshape(grad.shape[0] * grad.shape[1], -1)
            assert np.flatnonzero(units.any(axis=1)).tolist() == [k]
            assert units[k].all()


@pytest.mark.parametrize(("name", "options", "shape"), GROUPED)
def test_fan_in_counts_an_outputs_inputs_and_fan_out_an_inputs_outputs(
    name: str, options: Mapping[str, Any], shape: Shape
) -> None:
    network = build(name, options, shape)
    (param,) = weights(network)
    network.params.value.fill(0.0)
    param.value[...] = 1.0
    workspace = Workspace(network, math.prod(shape))
    workspace.x[...] = np.eye(math.prod(shape)).reshape(workspace.x.shape)
    workspace.forward()
    reached = workspace.y.reshape(len(workspace.y), -1) != 0
    assert param.fan_in == reached.sum(axis=0).max()
    assert param.fan_out == reached.sum(axis=1).max()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_transposed_convolutions_stride_divides_its_fan_in(stride: int) -> None:
    network = build("conv_transpose2d", {"filters": 4, "kernel_size": 6, "stride": stride}, (2, 9, 9))
    (param,) = weights(network)
    assert param.fan_in == 2 * 36 // stride**2
    network.params.value.fill(0.0)
    param.value[...] = 1.0
    workspace = Workspace(network, 1)
    workspace.x[...] = 1.0
    workspace.forward()
    assert workspace.y[0, 0].max() == param.fan_in, "every y in the middle sums up that many inputs"


@pytest.mark.parametrize(("name", "options", "shape"), GROUPED)
def test_orthogonal_makes_units_of_norm_one_that_are_orthogonal_where_that_is_possible(
    name: str, options: Mapping[str, Any], shape: Shape
) -> None:
    network = build(name, options, shape, init="orthogonal")
    network.initialize(np.random.default_rng(3))
    (param,) = weights(network)
    for group in param.by_unit(param.value):
        W = group.reshape(len(group), -1)
        gram = W @ W.T if len(W) <= W.shape[1] else W.T @ W
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_filters_of_all_groups_are_orthogonal_where_there_is_room() -> None:
    options = {"filters": 6, "kernel_size": 3, "groups": 3}
    network = build("conv2d", options, (6, 5, 5), init="orthogonal")
    network.initialize(np.random.default_rng(3))
    (param,) = weights(network)
    W = param.value.reshape(6, -1)
    np.testing.assert_allclose(W @ W.T, np.eye(6), atol=1e-12)


@pytest.mark.parametrize(("name", "options", "shape"), [*WEIGHTED, *GROUPED])
def test_max_norm_bounds_each_units_incoming_weights_and_no_other(
    name: str, options: Mapping[str, Any], shape: Shape
) -> None:
    network = build(name, options, shape)
    (param,) = weights(network)
    before = param.value.copy()

    def norms(array: Array) -> Array:
        units = param.by_unit(array)
        return np.asarray(np.linalg.norm(units.reshape(*units.shape[:2], -1), axis=2))

    limit = 1.001 * float(np.median(norms(before)))
    MaxNorm(limit=limit).constrain(network.params)
    np.testing.assert_allclose(norms(param.value), np.minimum(norms(before), limit), rtol=1e-12)
    kept = norms(before) <= limit
    assert np.array_equal(param.by_unit(param.value)[kept], param.by_unit(before)[kept])


def test_max_norm_of_three_filters_by_hand() -> None:
    network = build("conv2d", {"filters": 3, "kernel_size": 1}, (2, 1, 1))
    W = network.layers[0].params()["W"].value
    W[...] = np.array([[3.0, 3.0], [2.9, 0.0], [0.0, 2.9]]).reshape(W.shape)
    MaxNorm(limit=3.0).constrain(network.params)
    np.testing.assert_allclose(np.linalg.norm(W.reshape(3, 2), axis=1), [3.0, 2.9, 2.9])


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_an_initializer_says_whether_it_uses_the_fan(name: str) -> None:
    drawn = []
    for fan in (3, 300):
        array = np.empty((4, 5))
        INITIALIZERS[name]()(array, fan, fan, np.random.default_rng(1))
        drawn.append(array)
    assert np.array_equal(drawn[0], drawn[1]) == (INITIALIZERS[name].uses != "fan")


@pytest.mark.parametrize("init", [HeNormal(), Orthogonal()])
def test_weights_with_more_axes_must_say_which_of_them_count_the_units(init: Initializer) -> None:
    param = Param((4, 3, 5), init)
    param.value = np.empty(param.shape)
    with pytest.raises(NnfsError, match=r"Param of shape \(4, 3, 5\) must say which axis"):
        param.initialize(np.random.default_rng(1))


@pytest.mark.parametrize("shape", [(), (4,), (4, 3), (4, 3, 5)])
def test_scales_and_biases_need_not_say_it(shape: Shape) -> None:
    param = Param(shape, HeNormal(), decay=False)
    param.value = np.full(shape, np.nan)
    param.initialize(np.random.default_rng(1))
    assert np.isfinite(param.value).all()
    assert param.by_unit(param.value).shape == (1, 1, math.prod(shape))
