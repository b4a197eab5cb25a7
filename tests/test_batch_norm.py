"""Batch normalization of few rows: what it learns from them, its running averages, what is refused."""

from typing import Any

import numpy as np
import pytest

from nnfs_cli import LAYERS, Array, Layer, Shape
from nnfs_cli.config.reader import create
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.speed.forms import FastNetwork
from tests.test_laws import LAYER_CASES
from tests.toys import BLOBS, toy

WITH_NORM = BLOBS.replace("relu, ", "batch_norm, relu, ")


def input_gradient(layer: Layer, shape: Shape, n: int) -> Array:
    network = Network([layer], shape, "float64")
    network.params.value[...] = np.random.default_rng(1).uniform(0.5, 1.0, network.params.value.shape)
    network.use_draws(Draws(8))
    workspace = Workspace(network, n, to_input=True)
    workspace.x[...] = np.random.default_rng(2).normal(size=workspace.x.shape)
    workspace.forward()
    workspace.dy[...] = np.random.default_rng(3).normal(size=workspace.dy.shape)
    workspace.backward()
    return workspace.dx.copy()


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_layers_below_learn_from_the_fewest_rows_that_a_layer_names_and_from_no_fewer(
    name: str, options: Any, shape: Shape
) -> None:
    layer = create(Layer, name, options)
    layer.build(shape)
    fewest = layer.fewest_rows
    if shape != (1,) or name != "softmax":  # the softmax of one number is always 1
        assert input_gradient(create(Layer, name, options), shape, fewest).any()
    if fewest > 1:
        assert not input_gradient(create(Layer, name, options), shape, fewest - 1).any()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("shape", [(60,), (60, 1, 1), (60, 2, 3)])
@pytest.mark.parametrize("rest", [1, 2, 3, 7])
def test_running_averages_are_about_those_of_the_data_whatever_the_last_batchs_size(
    rest: int, shape: Shape, fast: bool
) -> None:
    rng, n = np.random.default_rng(4), 32 + rest
    x = 5.0 + 3.0 * rng.normal(size=(n, *shape))
    network = Network([LAYERS["batch_norm"]()], shape, "float64")
    if fast:
        network = FastNetwork(network)
    for _ in range(100):
        order = rng.permutation(n)
        for rows in (order[:32], order[32:]):
            workspace = network.workspace(len(rows))
            workspace.x[...] = x[rows]
            workspace.forward()
    axes = (0, *range(2, x.ndim))
    statistics = network.layers[0].statistics()
    ratio = statistics["running_var"].value / x.var(axis=axes, ddof=1)
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.06)
    assert np.mean(statistics["running_mean"].value - x.mean(axis=axes)) == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("layer", ["batch_norm", "{type: residual, layers: [tanh, batch_norm]}"])
def test_batches_of_one_row_are_refused_where_their_variance_is_needed(layer: str) -> None:
    config = BLOBS.replace("relu, ", f"{layer}, relu, ")
    with pytest.raises(NnfsError, match=r"training\.batch_size: must be at least 2, found 1, since 1_"):
        toy(config, "training.batch_size=1")
    with pytest.raises(NnfsError, match=r"training\.batch_size: must be at least 2"):
        toy(config, "training.batch_size=1", "training.accumulate=4")


def test_a_single_training_row_is_refused_too() -> None:
    config = (
        WITH_NORM.replace("toy_blobs", "{type: cubic, samples: 3, validation: 2}")
        .replace("cross_entropy", "mse")
        .replace("accuracy, brier", "rmse")
        .replace("units: 3", "units: 1")
    )
    with pytest.raises(NnfsError, match="dataset: must have at least 2 training rows, found 1"):
        toy(config)


@pytest.mark.parametrize("layer", ["layer_norm", "{type: batch_norm, frozen: true}"])
def test_layers_that_need_no_other_row_take_batches_of_one(layer: str) -> None:
    toy(BLOBS.replace("relu, ", f"{layer}, relu, "), "training.batch_size=1")


def test_a_last_batch_of_one_row_is_told_with_what_avoids_it() -> None:
    (note,) = toy(WITH_NORM, "training.batch_size=239").data.notes
    assert "single row, which 1_batch_norm cannot normalize" in note
    assert toy(WITH_NORM, "training.batch_size=238").data.notes == ()
    assert toy(BLOBS, "training.batch_size=239").data.notes == ()
