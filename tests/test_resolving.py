"""What a config leaves to the data: `units: auto` in the last layer, and `layers: []`, a linear model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.reader import create, to_plain
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.base import Layer
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, toy, toy_config

LAYERS = "[{type: dense, units: 8}, relu, {type: dense, units: 3}]"


def blobs(layers: str, dataset: str = "toy_blobs", loss: str = "cross_entropy") -> Experiment:
    text = BLOBS.replace(LAYERS, layers).replace("toy_blobs", dataset).replace("cross_entropy", loss)
    return toy(text.replace("[accuracy, brier]", "[]"))


def last_units(experiment: Experiment) -> list[Any]:
    return [layer.options()["units"] for layer in experiment.config.layers if layer.type_name == "dense"]


@pytest.mark.parametrize(
    ("dataset", "loss", "units"),
    [
        ("{type: blobs, classes: 7}", "cross_entropy", 7),
        ("{type: blobs, classes: 7}", "hinge", 7),
        ("{type: moons}", "binary_cross_entropy", 1),
        ("{type: moons}", "mse", 2),
        ("{type: linear, outputs: 4}", "mae", 4),
        ("{type: cubic}", "mse", 1),
    ],
)
def test_the_last_layer_has_as_many_units_as_loss_and_data_want(dataset: str, loss: str, units: int) -> None:
    experiment = blobs("[{type: dense, units: 8}, relu, {type: dense, units: auto}]", dataset, loss)
    assert last_units(experiment) == [8, units]
    assert experiment.network.output_shape == (units,)
    assert any(note.startswith(f"layers[2].units: {units}, for ") for note in experiment.data.notes)
    number = blobs(f"[{{type: dense, units: 8}}, relu, {{type: dense, units: {units}}}]", dataset, loss)
    assert number.config.to_yaml() == experiment.config.to_yaml()
    np.testing.assert_array_equal(number.network.params.value, experiment.network.params.value)


@pytest.mark.parametrize(
    "layers",
    [
        "[{type: dense, units: auto, bias: false, init: he_normal}]",
        "[{type: dense, units: 4}, {type: dense, units: auto}, flatten]",
        "[{type: dense, units: 4}, {type: dense, units: auto}, {type: reshape, shape: [3]}]",
        "[{type: dense, units: auto}, {type: dropout, rate: 0.1}]",
        "[{type: dense, units: auto}, batch_norm]",
    ],
)
def test_layers_that_keep_the_width_may_follow(layers: str) -> None:
    experiment = blobs(layers)
    assert last_units(experiment)[-1] == 3
    written = to_plain(toy_config(BLOBS.replace(LAYERS, layers)))["layers"]
    here = to_plain(experiment.config)["layers"]
    place = next(
        i for i, each in enumerate(written) if isinstance(each, dict) and each.get("units") == "auto"
    )
    assert here == [*written[:place], {**written[place], "units": 3}, *written[place + 1 :]], "the rest stays"


@pytest.mark.parametrize(
    ("layers", "places"),
    [
        ("[{type: dense, units: auto}, relu, {type: dense, units: 3}]", ["layers[0].units"]),
        ("[{type: dense, units: auto}, {type: dense, units: auto}]", ["layers[0].units"]),
        ("[{type: residual, layers: [{type: dense, units: auto}]}, {type: dense, units: 3}]", ["layers[0].layers[0].units"]),
        ("[{type: dense, units: auto}, {type: reshape, shape: [1, 2, 2]}, {type: conv2d, filters: 1, kernel_size: 1}, flatten]", ["layers[0].units"]),
    ],
)  # fmt: skip
def test_auto_elsewhere_is_told(layers: str, places: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        toy_config(BLOBS.replace(LAYERS, layers))
    assert [mistake.path for mistake in caught.value.mistakes] == places
    assert "auto is for the last layer alone, whose units follow from the data; write a number" in str(
        caught.value
    )


def test_other_words_than_auto_are_told() -> None:
    with pytest.raises(ConfigError, match=r"layers\[2\].units: must be .*'auto'.*, found 'automatic'"):
        blobs("[{type: dense, units: 8}, relu, {type: dense, units: automatic}]")
    with pytest.raises(ConfigError, match=r"must be a positive integer, or auto in the last layer, found 0"):
        blobs("[{type: dense, units: 8}, relu, {type: dense, units: 0}]")


def test_a_network_without_data_cannot_tell_the_units() -> None:
    with pytest.raises(NnfsError, match="dense takes its units from the data of a config; write a number"):
        Network([create(Layer, "dense", {"units": "auto"})], (4,), "float32")


def test_a_wrong_number_of_units_is_told_with_the_way_out() -> None:
    with pytest.raises(NnfsError, match=r"wants \(3,\); `units: auto` follows the data"):
        blobs("[{type: dense, units: 8}, relu, {type: dense, units: 4}]")


def test_the_run_has_the_number(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(
        BLOBS.replace("toy_blobs", "{type: blobs, test: 50}").replace("units: 3", "units: auto")
    )
    outcome = nnfs("train", "a.yaml", "--id", "one")
    assert outcome.status == 0, outcome.err
    assert "layers[2].units: 3, for 3 classes and cross_entropy" in " ".join(outcome.out.split())
    config = Path("runs/one/config.yaml").read_text()
    assert "auto, init" not in config
    assert "units: 3" in config
    assert nnfs("resume", "one", "--epochs", "7", "-q").status == 0
    assert nnfs("evaluate", "one", "--split", "test").status == 0
    Path("rows.csv").write_text("x0,x1\n1,2\n")
    assert nnfs("predict", "one", "rows.csv").status == 0


@pytest.mark.parametrize(
    "command", ["doctor --only last-layer", "explain", "gradcheck", "lr-find", "data describe"]
)
@pytest.mark.parametrize("layers", ["[{type: dense, units: 4}, tanh, {type: dense, units: auto}]", "[]"])
def test_every_command_takes_what_is_left_to_the_data(nnfs: Nnfs, command: str, layers: str) -> None:
    Path("a.yaml").write_text(
        CUBIC.replace("[{type: dense, units: 8}, tanh, {type: dense, units: 1}]", layers)
    )
    outcome = nnfs(*command.split(), "a.yaml")
    assert outcome.status in (0, 1), outcome.err


def test_no_layers_are_a_linear_model_that_finds_what_least_squares_finds() -> None:
    text = CUBIC.replace("{type: cubic, validation: 40}", "{type: linear, noise: 0.5}")
    text = text.replace("[{type: dense, units: 8}, tanh, {type: dense, units: 1}]", "[]")
    experiment = toy(text, "training.batch_size=200", "training.epochs=300", "optimizer.learning_rate=0.1")
    assert to_plain(experiment.config)["layers"][0]["units"] == 2
    said = "layers: none, so this is a linear model; layers[0].units: 2, for 2 target columns and mse"
    assert said in experiment.data.notes
    list(train(experiment))
    split = experiment.split("train")
    design = np.column_stack([split.x, np.ones(len(split.x))]).astype(np.float64)
    best = np.linalg.lstsq(design, split.targets)[0]
    rmse = float(np.sqrt(np.mean((design @ best - split.targets) ** 2)))
    assert evaluate(experiment, "train").scores["rmse"] == pytest.approx(rmse, rel=1e-4)


def test_a_linear_model_of_images_flattens_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", X=rng.normal(size=(60, 4, 5)), y=np.arange(60) % 3)
    experiment = blobs("[]", f"{{type: npz, path: {tmp_path / 'images.npz'}}}")
    assert [layer.type_name for layer in experiment.config.layers] == ["flatten", "dense"]
    assert experiment.network.shapes == [(4, 5), (20,), (3,)]


def test_a_linear_model_leaves_a_whole_run(nnfs: Nnfs) -> None:
    Path("a.yaml").write_text(BLOBS.replace("toy_blobs", "{type: blobs, test: 50}").replace(LAYERS, "[]"))
    outcome = nnfs("train", "a.yaml", "--id", "one", "-q")
    assert outcome.status == 0, outcome.err
    assert json.loads(Path("runs/one/summary.json").read_text())["parameters"] == 9
    assert "type: dense" in Path("runs/one/config.yaml").read_text()
