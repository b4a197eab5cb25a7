"""Laws that every component obeys. A new component is tested by being registered."""

import copy
import dataclasses
import inspect
import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import OptionError
from nnfs_cli.core.params import Array, Shape
from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.gradcheck import check_layer, check_loss
from nnfs_cli.initializers.base import INITIALIZERS
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.metrics.base import METRICS
from nnfs_cli.network import Network, Workspace
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.schema import Reader, to_plain

REGISTRIES: list[Registry[Any]] = [LAYERS, LOSSES, OPTIMIZERS, METRICS, DATASETS, INITIALIZERS]
EVERYTHING = [
    pytest.param(registry[name], id=f"{registry.kind}-{name}") for registry in REGISTRIES for name in registry
]
LAYER_CASES = [
    pytest.param(name, options, shape, id=f"{name}-{options}-{shape}")
    for name in LAYERS
    for options, shape in LAYERS[name].examples
]
LOSS_CASES = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in LOSSES
    for options in LOSSES[name].examples
]


def built(layer: Layer, shape: Shape, dtype: str = "float64") -> Network:
    network = Network([layer], shape, dtype)
    network.params.value[...] = np.random.default_rng(1).normal(size=network.params.value.shape)
    return network


def outputs(network: Network, x: Array) -> Array:
    workspace = Workspace(network, len(x))
    workspace.x[...] = x
    workspace.infer()
    return workspace.y.copy()


@pytest.mark.parametrize("cls", EVERYTHING)
def test_a_component_documents_its_equation_and_every_option(cls: type[Component]) -> None:
    doc = inspect.getdoc(cls) or ""
    assert len(doc) > 10
    assert not doc.startswith(f"{cls.__name__}("), "that is the docstring dataclass makes up"
    for field in dataclasses.fields(cls):
        assert f"{field.name}:" in doc or f"{field.name}," in doc, f"option {field.name} is not explained"


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_layers_gradients_are_right(name: str, options: Any, shape: Shape, n: int, seed: int) -> None:
    checks = check_layer(LAYERS[name](**options), shape, n, np.random.default_rng(seed))
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
@pytest.mark.parametrize(("n", "width"), [(1, 2), (5, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_a_losss_gradient_is_right(name: str, options: Any, n: int, width: int, seed: int) -> None:
    checks = check_loss(LOSSES[name](**options), n, width, np.random.default_rng(seed))
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_batch_gives_what_its_rows_give_one_by_one(name: str, options: Any, shape: Shape) -> None:
    network = built(LAYERS[name](**options), shape)
    x = np.random.default_rng(2).normal(size=(6, *shape))
    one_by_one = np.concatenate([outputs(network, x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(outputs(network, x), one_by_one, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_layer_keeps_the_networks_dtype_and_its_promised_shape(
    name: str, options: Any, shape: Shape
) -> None:
    network = built(LAYERS[name](**options), shape, "float32")
    workspace = Workspace(network, 4, to_input=True)
    workspace.x[...] = np.random.default_rng(2).normal(size=workspace.x.shape)
    workspace.forward()
    workspace.dy[...] = 1.0
    workspace.backward()
    assert workspace.y.shape == (4, *network.output_shape)
    assert {a.dtype for a in (workspace.y, workspace.dx, network.params.grad)} == {np.dtype("float32")}


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_backward_changes_neither_input_nor_output_nor_the_gradient_handed_in(
    name: str, options: Any, shape: Shape
) -> None:
    network = built(LAYERS[name](**options), shape)
    workspace = Workspace(network, 4, to_input=True)
    workspace.x[...] = np.random.default_rng(2).normal(size=workspace.x.shape)
    workspace.forward()
    workspace.dy[...] = np.random.default_rng(3).normal(size=workspace.dy.shape)
    before = [array.copy() for array in (workspace.x, workspace.y, workspace.dy)]
    workspace.backward()
    for array, copied in zip((workspace.x, workspace.y, workspace.dy), before, strict=True):
        np.testing.assert_array_equal(array, copied)


@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_layer_stays_finite_at_extreme_inputs(name: str, options: Any, shape: Shape, size: float) -> None:
    network = built(LAYERS[name](**options), shape, "float32")
    workspace = Workspace(network, 3, to_input=True)
    workspace.x[...] = np.random.default_rng(2).uniform(0.5, 1.0, workspace.x.shape) * size
    workspace.forward()
    workspace.dy[...] = 1.0
    workspace.backward()
    assert np.isfinite(workspace.y).all()
    assert np.isfinite(workspace.dx).all()
    assert np.isfinite(network.params.grad).all()


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_second_step_of_the_same_shape_allocates_nothing_batch_sized(
    name: str, options: Any, shape: Shape
) -> None:
    n = 8192
    a_number_for_each_row, buffers_of_numpy = n * math.prod(shape[:-1]) * 8, 2**17
    network = built(LAYERS[name](**options), shape)
    workspace = Workspace(network, n, to_input=True)
    workspace.x[...] = np.random.default_rng(2).normal(size=workspace.x.shape)

    def step() -> None:
        workspace.forward()
        workspace.dy[...] = 1.0
        workspace.backward()

    step()
    assert peak_of(step) < 2 * a_number_for_each_row + buffers_of_numpy


def peak_of(call: Any) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def targets(loss: Loss, n: int, width: int) -> Iterator[Array]:
    rng = np.random.default_rng(4)
    for task in loss.tasks:
        yield rng.integers(0, width, n) if task == "classification" else rng.normal(size=(n, width))


@pytest.mark.parametrize("size", [0.0, 1e4, -1e4])
@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
def test_a_loss_stays_finite_at_extreme_outputs(name: str, options: Any, size: float) -> None:
    loss = LOSSES[name](**options)
    for dtype in ("float32", "float64"):
        z = (size * np.array([[1, -1, 0], [0, 0, 0], [1, 1, 1], [-1, 0.5, 1]])).astype(dtype)
        for t in targets(loss, len(z), 3):
            dz = np.full_like(z, np.nan)
            loss.gradient(z, t, dz)
            assert np.isfinite(loss.value(z, t))
            assert np.isfinite(dz).all()
            assert np.isfinite(loss.predict(z)).all()


@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
def test_a_loss_is_the_mean_of_its_rows_losses(name: str, options: Any) -> None:
    loss = LOSSES[name](**options)
    z = np.random.default_rng(5).normal(size=(7, 3))
    for t in targets(loss, 7, 3):
        rows = [loss.value(z[i : i + 1], t[i : i + 1]) for i in range(7)]
        assert loss.value(z, t) == pytest.approx(np.mean(rows), rel=1e-12)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_an_optimizer_comes_down_a_bowl(name: str) -> None:
    network = built(Dense(units=3), (4,))
    params, optimizer = network.params, OPTIMIZERS[name]()
    optimizer.build(params)
    start = np.square(params.value).sum()
    for _ in range(200):
        params.grad[...] = params.value
        optimizer.step(params, optimizer.learning_rate)
    assert np.square(params.value).sum() < start


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_an_optimizers_step_allocates_no_array_of_parameters(name: str) -> None:
    network = built(Dense(units=100), (100,))
    optimizer = OPTIMIZERS[name]()
    optimizer.build(network.params)
    optimizer.step(network.params, 0.1)
    assert peak_of(lambda: optimizer.step(network.params, 0.1)) < network.params.value.nbytes / 2


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_an_initializer_fills_the_same_values_in_both_dtypes(name: str) -> None:
    filled = []
    for dtype in ("float32", "float64"):
        array = np.full((40, 30), np.nan, dtype)
        INITIALIZERS[name]()(array, 40, 30, np.random.default_rng(6))
        assert np.isfinite(array).all()
        filled.append(array)
    np.testing.assert_array_equal(filled[0], filled[1].astype("float32"))


@pytest.mark.parametrize("name", list(METRICS))
def test_a_metric_is_best_where_predictions_are_perfect(name: str) -> None:
    metric, rng = METRICS[name](), np.random.default_rng(7)
    for task in metric.tasks:
        if task == "classification":
            t = rng.permutation(np.arange(12) % 3)
            perfect = np.eye(3)[t]
            worse = rng.dirichlet(np.ones(3), 12)
        else:
            t = rng.normal(size=(12, 2)) + 3.0
            perfect = t.copy()
            worse = t + rng.normal(size=t.shape)
        best, other = metric(perfect, t), metric(worse, t)
        assert best > other if metric.maximize else best < other


@pytest.mark.parametrize("cls", EVERYTHING)
def test_a_components_defaults_read_back_from_yaml_as_themselves(cls: type[Component]) -> None:
    try:
        component = cls()
    except TypeError:
        options = LAYERS[cls.type_name].examples[0][0]
        component = cls(**options)
    reader = Reader()
    again = reader.component(cls, to_plain(component), "here")
    assert reader.mistakes == []
    assert to_plain(again) == to_plain(component)
    assert type(again) is cls


@pytest.mark.parametrize("cls", EVERYTHING)
def test_a_component_can_be_copied_before_it_is_built(cls: type[Component]) -> None:
    component = cls(**(LAYERS[cls.type_name].examples[0][0] if issubclass(cls, Layer) else {}))
    assert to_plain(copy.deepcopy(component)) == to_plain(component)


def test_options_out_of_range_are_all_told_at_once() -> None:
    with pytest.raises(OptionError, match=r"learning_rate must be .*; momentum must be"):
        SGD(learning_rate=-1.0, momentum=2.0)
