"""Laws for all components. A registered component is tested without further code."""

import copy
import dataclasses
import inspect
import math
import tracemalloc
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import Reader, create, to_plain
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import OptionError
from nnfs_cli.datasets.base import DATASETS, Dataset
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.gradcheck.layer_laws import mixes_rows
from nnfs_cli.gradcheck.subject import check
from nnfs_cli.gradcheck.subjects import layer_subject, loss_subjects, regularizer_subject
from nnfs_cli.initializers.base import INITIALIZERS
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.metrics.base import METRICS
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer
from nnfs_cli.schedules.base import SCHEDULES

REGISTRIES: list[Registry[Any]] = [
    LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, REGULARIZERS, METRICS, DATASETS, INITIALIZERS,
]  # fmt: skip
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

REGULARIZER_CASES = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in REGULARIZERS
    for options in REGULARIZERS[name].examples
]
EQUAL_ROWS = [case for case in LOSS_CASES if "class_weights" not in str(case.values[1])]
"""Losses that are plain means over rows. With class weights, rows have different weights."""


def built(layer: Layer, shape: Shape, dtype: str = "float64") -> Network:
    network = Network([layer], shape, dtype)
    network.use_draws(Draws(8))
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
    layer = create(Layer, name, options)
    subject = layer_subject(layer, shape, n + 3 if mixes_rows(layer) else n, seed)
    assert [each for each in check(subject, seed) if not each.passed] == []


@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
@pytest.mark.parametrize(("n", "width"), [(1, 2), (5, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_a_losss_gradient_is_right(name: str, options: Any, n: int, width: int, seed: int) -> None:
    for subject in loss_subjects(create(Loss, name, options), n, width, seed):
        assert [each for each in check(subject, seed) if not each.passed] == []


@pytest.mark.parametrize(("name", "options"), REGULARIZER_CASES)
def test_a_regularizers_gradient_is_right(name: str, options: Any) -> None:
    subject = regularizer_subject(create(Regularizer, name, options))
    assert [each for each in check(subject) if not each.passed] == []


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_batch_gives_what_its_rows_give_one_by_one(name: str, options: Any, shape: Shape) -> None:
    network = built(create(Layer, name, options), shape)
    x = np.random.default_rng(2).normal(size=(6, *shape))
    one_by_one = np.concatenate([outputs(network, x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(outputs(network, x), one_by_one, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_layer_keeps_the_networks_dtype_and_its_promised_shape(
    name: str, options: Any, shape: Shape
) -> None:
    network = built(create(Layer, name, options), shape, "float32")
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
    network = built(create(Layer, name, options), shape)
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
    network = built(create(Layer, name, options), shape, "float32")
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
    network = built(create(Layer, name, options), shape)
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


@pytest.mark.parametrize("size", [0.0, 1e4, -1e4])
@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
def test_a_loss_stays_finite_at_extreme_outputs(name: str, options: Any, size: float) -> None:
    loss = create(Loss, name, options)
    size = float(np.clip(size, -loss.largest_output, loss.largest_output))
    for dtype in ("float32", "float64"):
        for _, z, t in loss.trials(6, 3, np.random.default_rng(4)):
            z = (np.sign(z) * size).astype(dtype)
            dz = np.full_like(z, np.nan)
            loss.gradient(z, t, dz)
            assert dz.dtype == dtype
            assert np.isfinite(loss.value(z, t))
            assert np.isfinite(dz).all()
            assert np.isfinite(loss.predict(z)).all()


@pytest.mark.parametrize(("name", "options"), EQUAL_ROWS)
def test_a_loss_is_the_mean_of_its_rows_losses(name: str, options: Any) -> None:
    loss = create(Loss, name, options)
    for _, z, t in loss.trials(7, 3, np.random.default_rng(5)):
        rows = [loss.value(z[i : i + 1], t[i : i + 1]) for i in range(7)]
        assert loss.value(z, t) == pytest.approx(np.mean(rows), rel=1e-12)


@pytest.mark.parametrize(("name", "options"), LOSS_CASES)
def test_a_losss_gradient_allocates_nothing_batch_sized(name: str, options: Any) -> None:
    loss, n = create(Loss, name, options), 2**15
    three_numbers_for_each_row, buffers_of_numpy = 3 * n * 8, 2**17
    for _, z, t in loss.trials(n, 10, np.random.default_rng(6)):
        z = np.asfortranarray(z)  # the memory order of narrow outputs in a workspace
        dz = np.empty_like(z)
        peak = peak_of(lambda z=z, t=t, dz=dz: loss.gradient(z, t, dz))
        assert peak < three_numbers_for_each_row + buffers_of_numpy


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
            t = rng.permutation(np.arange(40) % 8)
            perfect = np.eye(8)[t]
            worse = rng.dirichlet(np.ones(8), 40)
        else:
            t = rng.normal(size=(12, 2)) + 3.0
            perfect = t.copy()
            worse = t + rng.normal(size=t.shape)
        best, other = metric(perfect, t), metric(worse, t)
        assert best > other if metric.maximize else best < other


def enough_options(cls: type[Component]) -> Mapping[str, Any]:
    """The options that a component requires."""
    if issubclass(cls, Layer):
        return cls.examples[0][0]
    return cls.example if issubclass(cls, Dataset) else {}


@pytest.mark.parametrize("cls", EVERYTHING)
def test_a_components_defaults_read_back_from_yaml_as_themselves(cls: type[Component]) -> None:
    component = create(cls, cls.type_name, enough_options(cls))
    reader = Reader()
    again = reader.component(cls, to_plain(component), "here")
    assert reader.mistakes == []
    assert to_plain(again) == to_plain(component)
    assert type(again) is cls


@pytest.mark.parametrize("cls", EVERYTHING)
def test_a_component_can_be_copied_before_it_is_built(cls: type[Component]) -> None:
    component = create(cls, cls.type_name, enough_options(cls))
    assert to_plain(copy.deepcopy(component)) == to_plain(component)


def test_options_out_of_range_are_all_told_at_once() -> None:
    with pytest.raises(OptionError, match=r"learning_rate must be .*; momentum must be"):
        SGD(learning_rate=-1.0, momentum=2.0)
