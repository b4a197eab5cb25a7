"""The catalog of components and the JSON Schema, both read off the classes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nnfs_cli.config.catalog import REGISTRIES, catalog, json_schema
from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import ConfigError
from nnfs_cli.layers.base import Layer
from tests.conftest import Nnfs
from tests.toys import BLOBS, CUBIC, ROOT

SHIPPED = sorted((ROOT / "configs").glob("*.yaml"))
SCHEMA = json_schema()


def mistakes(config: Any) -> list[str]:
    return [error.json_path for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_config_satisfies_the_schema_and_points_editors_to_it(path: Path) -> None:
    assert mistakes(yaml.safe_load(path.read_text())) == []
    modeline = path.read_text().splitlines()[0]
    assert modeline.startswith("# yaml-language-server: $schema=")
    assert (path.parent / modeline.partition("=")[2]).is_file()


def test_the_shipped_schema_is_what_the_command_prints(nnfs: Nnfs) -> None:
    printed = json.loads(nnfs("schema").out)
    shipped = json.loads((ROOT / "configs" / "schema.json").read_text())
    for schema in (printed, shipped):
        dataset = schema["$defs"]["dataset"]["oneOf"]
        dataset[0]["enum"] = [name for name in dataset[0]["enum"] if not name.startswith("toy_")]
        dataset[:] = [entry for entry in dataset if "toy_" not in json.dumps(entry)]
        layer = schema["$defs"]["layer"]["oneOf"]
        layer[0]["enum"] = [name for name in layer[0]["enum"] if not name.startswith("square_")]
        layer[:] = [entry for entry in layer if "square_" not in json.dumps(entry)]
    assert printed["$defs"].keys() == shipped["$defs"].keys()
    for kind in shipped["$defs"]:
        assert printed["$defs"][kind] == shipped["$defs"][kind], "run `nnfs schema > configs/schema.json`"


@pytest.mark.parametrize(
    "text",
    [
        CUBIC.replace("units: 8", "unit: 8"),
        CUBIC.replace("units: 8", "units: eight"),
        CUBIC.replace("tanh", "tahn"),
        CUBIC.replace("loss: mse", ""),
        CUBIC.replace("tanh", "dense"),
        BLOBS + "sead: 3\n",
    ],
)
def test_the_schema_refuses_what_training_refuses(text: str) -> None:
    assert mistakes(yaml.safe_load(text)) != []


def test_every_component_is_listed_with_its_options(nnfs: Nnfs) -> None:
    out = nnfs("components").out
    for registry in REGISTRIES:
        for name in registry:
            assert f" {name} " in out
    full = nnfs("components", "optimizer", "adam").out
    for words in ("Kingma and Ba", "beta1", "0.999", "number", "m <- beta1 m"):
        assert words in full
    assert "valid | same | integer | list of two integers" in nnfs("components", "layer", "conv2d").out
    assert {entry.kind for entry in catalog("layers")} == {"layer"}


def test_an_unknown_kind_or_name_is_told_with_the_nearest(nnfs: Nnfs) -> None:
    outcome = nnfs("components", "optimiser")
    assert (outcome.status, "did you mean 'optimizer'?" in outcome.err) == (2, True)
    outcome = nnfs("components", "optimizer", "adan")
    assert (outcome.status, "did you mean 'adam'?" in outcome.err) == (2, True)


PAIRS: list[Any] = [
    1,
    2,
    [1, 2],
    [1],
    [],
    [1, 2, 3],
    2.5,
    [1, 2.5],
    [1, "x"],
    "same",
    "sam",
    True,
    [True, 1],
    None,
    {},
]


@pytest.mark.parametrize("value", PAIRS, ids=repr)
@pytest.mark.parametrize(
    ("layer", "option"),
    [
        ("conv2d", "kernel_size"),
        ("conv2d", "stride"),
        ("conv2d", "padding"),
        ("max_pool2d", "stride"),
        ("upsample2d", "factor"),
        ("upsample2d", "mode"),
        ("padding2d", "padding"),
        ("reshape", "shape"),
    ],
)
def test_the_schema_takes_of_a_pair_or_a_word_what_the_reader_takes(
    layer: str, option: str, value: Any
) -> None:
    given: dict[str, Any] = {"filters": 2, "kernel_size": 1} if layer == "conv2d" else {}
    options = {**given, option: value}
    try:
        create(Layer, layer, options)
    except ConfigError as error:
        # A range, as that sizes are positive, is beyond the schema.
        refused = not any(
            " positive " in str(each) or " of at least " in str(each) for each in error.mistakes
        )
    else:
        refused = False
    config = {**yaml.safe_load(CUBIC), "layers": [{"type": layer, **options}]}
    assert bool(mistakes(config)) == refused
