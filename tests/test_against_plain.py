"""Both engines, with their buffers and in-place operations, against a plain implementation."""

import copy
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from nnfs_cli.config.load import load_config
from nnfs_cli.engine.network import Network
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.relu import ReLU
from nnfs_cli.speed.blas import multiplies_unpacked
from nnfs_cli.speed.forms import FastDense, FastReLU
from nnfs_cli.speed.listed import ListedWorkspace
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport
from tests import plain
from tests.toys import BLOBS, ROOT, toy

STEPS = 200


def cubic() -> Experiment:
    config = Path(ROOT / "configs" / "cubic.yaml")
    return Experiment(load_config(config, ["dtype=float64", "metrics=[]"]))


def classifier() -> Experiment:
    return toy(BLOBS, "dtype=float64", "training.epochs=20", "metrics=[]")


def weights_of(experiment: Experiment) -> plain.Weights:
    arrays = experiment.network.params.arrays()
    layers = [name.removesuffix("/W") for name in arrays if name.endswith("/W")]
    return [(arrays[f"{layer}/W"], arrays[f"{layer}/b"]) for layer in layers]


@pytest.mark.parametrize(
    ("make", "gradient"), [(cubic, plain.mse_gradient), (classifier, plain.cross_entropy_gradient)]
)
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_training_follows_the_plain_equations_for_200_steps(make, gradient, engine) -> None:  # type: ignore[no-untyped-def]
    experiment = make()
    if engine == "fast":
        choose_engine(experiment)
    assert experiment.engine.name == engine
    split = experiment.data.splits["train"]
    size = experiment.config.training.batch_size
    rate = experiment.config.optimizer.learning_rate
    order_rng = copy.deepcopy(experiment.shuffle_rng)
    weights = weights_of(experiment)
    order = np.empty(0, np.intp)
    for report in train(experiment):
        if not isinstance(report, StepReport):
            continue
        if not len(order):
            order = order_rng.permutation(split.rows)
        rows, order = order[:size], order[size:]
        x = split.x[rows] * experiment.data.inputs.scale
        weights = plain.sgd_step(x, split.t[rows], weights, gradient, rate)
        for (W, b), (W_engine, b_engine) in zip(weights, weights_of(experiment), strict=True):
            np.testing.assert_allclose(W_engine, W, rtol=0, atol=1e-10)
            np.testing.assert_allclose(b_engine, b, rtol=0, atol=1e-10)
        if report.step == STEPS:
            return
    pytest.fail(f"training ended before step {STEPS}")


@pytest.mark.parametrize("rows", [1, 17, 64, 65])
@pytest.mark.parametrize(("inputs", "units"), [(784, 128), (1500, 33), (784, 10), (4000, 300)])
@pytest.mark.parametrize("unpacked", [True, False])
@pytest.mark.parametrize("cls", [Dense, FastDense])
def test_a_dense_layers_weight_gradient_is_x_transposed_dy_in_pieces_too(
    cls: type[Dense], unpacked: bool, rows: int, inputs: int, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.products.multiplies_unpacked", lambda: unpacked)
    draw = np.random.default_rng(1)
    x, dy = draw.normal(size=(rows, inputs)), draw.normal(size=(rows, units))
    layer = cls(units)
    network = Network([layer], (inputs,), "float64")
    network.params.grad.fill(np.nan)
    layer.param_grads(x, np.empty_like(dy), dy)
    np.testing.assert_allclose(layer.W.grad, x.T @ dy, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.b.grad, dy.sum(axis=0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 16, 32, 64, 65])
@pytest.mark.parametrize(("inputs", "units"), [(64, 64), (64, 128), (300, 16), (10, 3), (1500, 33)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("unpacked", [True, False])
@pytest.mark.parametrize("cls", [Dense, FastDense])
def test_a_dense_layers_input_gradient_is_dy_w_transposed_turned_too(
    cls: type[Dense],
    unpacked: bool,
    rows: int,
    inputs: int,
    units: int,
    order: Literal["C", "F"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.products.multiplies_unpacked", lambda: unpacked)
    draw = np.random.default_rng(1)
    layer = cls(units)
    network = Network([layer], (inputs,), "float64")
    network.params.value[...] = draw.normal(size=network.params.value.shape)
    dy, dx = np.asarray(draw.normal(size=(rows, units)), order=order), np.full((rows, inputs), np.nan)
    layer.input_grad(np.empty_like(dx), np.empty_like(dy), dy, dx)
    np.testing.assert_allclose(dx, dy @ layer.W.value.T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", [ReLU, FastReLU])
def test_relus_gradient_is_dy_where_y_is_positive(
    cls: type[ReLU], dtype: Literal["float32", "float64"], order: Literal["C", "F"]
) -> None:
    rng, real = np.random.default_rng(0), np.dtype(dtype)
    special = [0.0, np.finfo(real).smallest_subnormal, np.finfo(real).tiny, np.finfo(real).max, np.inf]
    x = np.asarray(np.concatenate([special, rng.normal(size=43)]).reshape(6, 8), dtype, order=order)
    y, dy, dx = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    dy[...] = rng.normal(size=dy.shape)
    layer = cls()
    layer.forward(x, y)
    layer.input_grad(x, y, dy, dx)
    np.testing.assert_array_equal(y, np.where(x > 0, x, 0))
    np.testing.assert_array_equal(dx, np.where(y > 0, dy, 0))


@pytest.mark.parametrize("unpacked", [True, False])
@pytest.mark.parametrize("rows", [1, 8, 17, 256, 300])
@pytest.mark.parametrize(("inputs", "units"), [(784, 128), (100, 512), (784, 33), (4000, 96), (30, 32)])
@pytest.mark.parametrize("cls", [Dense, FastDense])
def test_a_dense_layers_outputs_are_the_product_in_pieces_too(
    cls: type[Dense], inputs: int, units: int, rows: int, unpacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.products.multiplies_unpacked", lambda: unpacked)
    draw = np.random.default_rng(1)
    layer = cls(units)
    network = Network([layer], (inputs,), "float64")
    network.params.value[...] = draw.normal(size=network.params.value.shape)
    workspace = ListedWorkspace(network, rows)
    workspace.x[...] = draw.normal(size=(rows, inputs))
    workspace.y.fill(np.nan)
    workspace.infer()
    expected = workspace.x @ layer.W.value + layer.b.value
    np.testing.assert_allclose(workspace.y, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("kernel", "unpacked"), [("SkylakeX", True), ("Haswell", False), ("Zen9", False), ("", False)]
)
def test_of_a_kernel_that_was_not_measured_nothing_is_assumed(
    kernel: str, unpacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.speed.blas.kernel_name", lambda: kernel)
    assert multiplies_unpacked.__wrapped__() == unpacked
