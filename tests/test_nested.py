"""Layers inside layers: a residual block from YAML to saved weights."""

from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.residual import Residual
from nnfs_cli.training.evaluation import outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport
from tests.toys import BLOBS, toy, toy_config

BLOCK = """{type: residual, layers: [
    {type: dense, units: 8, init: he_normal}, batch_norm, relu, {type: dropout, rate: 0.25}]}"""
NESTED = BLOBS.replace("relu,", f"{BLOCK}, relu,")
WITHIN = BLOBS.replace("relu,", f"{{type: residual, layers: [{BLOCK}, tanh]}}, relu,")
NAMES = ["0_dense/W", "0_dense/b", "1_residual/0_dense/W", "1_residual/0_dense/b",
         "1_residual/1_batch_norm/gamma", "1_residual/1_batch_norm/beta", "3_dense/W", "3_dense/b",
         "1_residual/1_batch_norm/running_mean", "1_residual/1_batch_norm/running_var"]  # fmt: skip


def trained(text: str = NESTED, *overrides: str) -> tuple[Experiment, list[EpochReport]]:
    experiment = toy(text, *overrides)
    return experiment, [report for report in train(experiment) if isinstance(report, EpochReport)]


def inferred(experiment: Experiment) -> Array:
    """The network's outputs for the test split, in evaluation."""
    return outputs(experiment, experiment.split("test"))


def test_a_nested_stack_is_read_with_its_options_and_defaults() -> None:
    block = toy_config(NESTED).layers[1]
    assert isinstance(block, Residual)
    assert [layer.type_name for layer in block.layers] == ["dense", "batch_norm", "relu", "dropout"]
    assert [layer.options() for layer in block.layers[2:]] == [{}, {"rate": 0.25}]
    assert block.layers[0].options()["init"].type_name == "he_normal"


@pytest.mark.parametrize("text", [NESTED, WITHIN], ids=["nested", "nested twice"])
def test_the_resolved_config_reads_back_as_itself(text: str) -> None:
    resolved = toy_config(text).to_yaml()
    assert toy_config(resolved).to_yaml() == resolved
    assert "momentum: 0.1" in resolved, "defaults of nested layers are written out too"


def test_an_override_reaches_into_a_nested_stack() -> None:
    block = toy_config(NESTED, ["layers[1].layers[3].rate=0.5"]).layers[1]
    assert isinstance(block, Residual)
    assert block.layers[3].options() == {"rate": 0.5}


def test_mistakes_in_a_nested_stack_are_told_all_at_once_with_their_paths() -> None:
    wrong = NESTED.replace("{type: dense, units: 8, init", "{type: dense, unit: 8, init")
    wrong = wrong.replace("rate: 0.25", "rate: 1.25").replace("batch_norm", "batchnorm")
    with pytest.raises(ConfigError) as caught:
        toy_config(wrong)
    for line in (
        "layers[1].layers[0].unit: dense has no option 'unit'; did you mean 'units'?",
        "layers[1].layers[1]: no layer 'batchnorm'; did you mean 'batch_norm'?",
        "layers[1].layers[3].rate: must be at least 0 and below 1, found 1.25",
    ):
        assert line in str(caught.value)


def test_an_empty_stack_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"layers\[1\]\.layers: must be a list of at least one layer"):
        toy_config(BLOBS.replace("relu,", "{type: residual, layers: []},"))


def test_a_stack_that_changes_the_shape_is_refused() -> None:
    with pytest.raises(
        NnfsError, match=r"layers\[1\]: residual wants layers that keep the shape.*\(8,\).*\(5,\)"
    ):
        toy(NESTED.replace("units: 8, init", "units: 5, init"))


def test_a_layer_deep_inside_that_cannot_take_its_shape_is_named() -> None:
    wrong = WITHIN.replace("batch_norm", "{type: reshape, shape: [2, 4]}, {type: dense, units: 8}")
    with pytest.raises(
        NnfsError, match=r"layers\[1\]: residual .*layers\[0\]: residual .*layers\[2\]: dense wants"
    ):
        toy(wrong)


def test_the_arrays_of_nested_layers_are_named_by_their_place() -> None:
    assert list(toy(NESTED).network.params.arrays()) == NAMES
    assert "1_residual/0_residual/0_dense/W" in toy(WITHIN).network.params.arrays()


def test_nested_weights_decay_and_nested_biases_and_norms_do_not() -> None:
    named = toy(NESTED).network.params.named
    assert [name for name, param in named.items() if param.decay] == [n for n in NAMES if n.endswith("/W")]


@pytest.mark.parametrize("text", [NESTED, WITHIN], ids=["nested", "nested twice"])
def test_a_nested_network_learns(text: str) -> None:
    _, epochs = trained(text, "training.epochs=10")
    assert epochs[-1].train["loss"] < 0.5 * epochs[0].train["loss"]
    assert epochs[-1].validation["accuracy"] > 0.8


def test_a_nested_network_trains_the_same_way_each_time() -> None:
    first, second = trained()[0], trained()[0]
    for name, array in first.network.params.arrays().items():
        np.testing.assert_array_equal(array, second.network.params.arrays()[name], name)


def test_evaluation_of_a_nested_network_draws_nothing_and_gathers_nothing() -> None:
    experiment, _ = trained()
    before = experiment.network.params.arrays()
    np.testing.assert_array_equal(inferred(experiment), inferred(experiment))
    for name, array in experiment.network.params.arrays().items():
        np.testing.assert_array_equal(array, before[name], name)


def test_saved_weights_and_statistics_give_the_same_outputs_when_loaded(tmp_path: Path) -> None:
    experiment, _ = trained()
    arrays = experiment.network.params.arrays()
    assert (arrays["1_residual/1_batch_norm/running_mean"] != 0).all(), "training gathered it"
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **arrays)
    fresh = toy(NESTED, "seed=9")
    assert not np.array_equal(inferred(fresh), inferred(experiment))
    with np.load(tmp_path / "weights.npz") as saved:
        fresh.network.params.load(saved, "weights.npz")
    np.testing.assert_array_equal(inferred(fresh), inferred(experiment))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_residual_block_is_its_stack_plus_its_input(dtype: str) -> None:
    stack = toy_config(NESTED).layers[1]
    assert isinstance(stack, Residual)
    x = np.random.default_rng(3).normal(size=(6, 8))
    outputs = []
    for layers in ([stack], list(stack.layers)):
        network = Network(layers, (8,), dtype)
        network.initialize(np.random.default_rng(4))
        network.use_draws(Draws(5))
        workspace = network.workspace(6)
        workspace.x[...] = x
        workspace.forward()
        outputs.append(workspace.y.copy())
    np.testing.assert_array_equal(outputs[0], outputs[1] + x.astype(dtype))
