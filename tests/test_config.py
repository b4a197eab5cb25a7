"""Configs: their resolved form, and overrides."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from nnfs_cli.config.load import load_config, parse_config
from nnfs_cli.core.errors import ConfigError
from tests.toys import BLOBS, CUBIC, ROOT, toy_config

SHIPPED = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_configs_resolved_form_reads_back_as_itself(path: Path) -> None:
    config = load_config(path, needs_data=False)
    again = parse_config(config.to_yaml(), "resolved", needs_data=False)
    assert again.to_yaml() == config.to_yaml()


@pytest.mark.parametrize("text", [CUBIC, BLOBS])
def test_the_resolved_config_holds_every_default(text: str) -> None:
    plain = yaml.safe_load(toy_config(text).to_yaml())
    assert plain["dtype"] == "float32"
    assert plain["optimizer"]["nesterov"] is False
    assert plain["training"]["threads"] == "auto"
    assert plain["layers"][0]["init"] == {"type": "xavier_uniform", "gain": 1.0}


def test_a_config_without_a_name_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my first net.yaml"
    path.write_text(CUBIC.replace("name: cubic", ""))
    assert load_config(path).name == "my-first-net"


def test_a_bare_name_and_an_empty_mapping_are_the_same_component() -> None:
    mapping = CUBIC.replace("tanh", "{type: tanh}")
    assert toy_config(mapping).to_yaml() == toy_config(CUBIC).to_yaml()


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=7", {"seed": 7}),
        ("layers.0.units=32", {"layers": {0: {"units": 32}}}),
        ("layers[0].units=32", {"layers": {0: {"units": 32}}}),
        ("layers.1=relu", {"layers": {1: "relu"}}),
        ("optimizer.learning_rate=1e-3", {"optimizer": {"learning_rate": 0.001}}),
        ("optimizer={type: sgd, momentum: 0.5}", {"optimizer": {"momentum": 0.5, "learning_rate": 0.01}}),
        ("metrics=[]", {"metrics": []}),
        ("training.threads=2", {"training": {"threads": 2}}),
    ],
)
def test_an_override_lands_in_the_resolved_config(override: str, expected: object) -> None:
    def check(found: object, wanted: object) -> None:
        if not isinstance(wanted, dict):
            assert found == wanted
            return
        assert isinstance(found, dict | list)
        for key, value in wanted.items():
            check(found[key], value)

    check(yaml.safe_load(toy_config(CUBIC, [override]).to_yaml()), expected)


def test_an_override_gives_options_to_a_bare_component() -> None:
    text = CUBIC.replace("optimizer: {type: sgd, learning_rate: 0.02, momentum: 0.9}", "optimizer: sgd")
    plain = yaml.safe_load(toy_config(text, ["optimizer.momentum=0.5"]).to_yaml())
    assert plain["optimizer"] == {
        "type": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.5,
        "nesterov": False,
        "weight_decay": 0.0,
    }


def test_numbers_in_exponent_form_are_numbers_as_in_yaml_1_2() -> None:
    config = parse_config(CUBIC.replace("learning_rate: 0.02", "learning_rate: 2e-2"), "test")
    assert config.optimizer.learning_rate == pytest.approx(0.02)


def test_a_configs_parts_hold_options_only_so_that_it_can_be_built_twice() -> None:
    config = toy_config()
    assert not hasattr(config.layers[0], "W")
    assert replace(config, seed=4).to_yaml() != config.to_yaml()


def test_every_mistake_of_a_file_is_in_one_error() -> None:
    text = """
    dataset: cubik
    layers: [{type: dense, unit: 3}, rely]
    loss: {type: mse, power: 3}
    optimizer: {type: sgd, learning_rate: -1}
    training: {epochs: 0, batchsize: 3}
    sead: 3
    """
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "bad.yaml")
    assert sorted({mistake.path for mistake in caught.value.mistakes}) == [
        "dataset",
        "layers[0].unit",
        "layers[1]",
        "loss.power",
        "optimizer.learning_rate",
        "sead",
        "training.batchsize",
        "training.epochs",
    ]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (f"layers.{'9' * 5000}.units=1", "counted from 0"),
        (f"dataset={{type: csv, target: y, path: {'x' * 5000}}}", "no such file"),
        (f"dataset={{type: csv, target: y, path: {'a/' * 3000}b}}", "no such file"),
        ("training.epochs=1e3", "must be an integer, found 1000.0; write 1000"),
        ("optimizer.learning_rate=inf", "must be a number, found 'inf'"),
        ("metrics=rmse", "must be a list of metrics, found 'rmse'; write [rmse]"),
    ],
)
def test_an_override_of_any_size_and_shape_is_told_what_to_write(override: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(CUBIC, "t.yaml", [override])
    assert str(caught.value).endswith(told) or told in str(caught.value)
    assert "write inf" not in str(caught.value)
