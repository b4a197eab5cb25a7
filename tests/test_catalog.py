"""The catalog of components and the JSON Schema, which both come from the classes."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nnfs_cli.config.catalog import REGISTRIES, catalog, json_schema
from nnfs_cli.config.option_docs import option_docs
from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import ConfigError
from nnfs_cli.datasets.base import DATASETS
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


def test_the_shipped_schema_is_what_the_command_prints() -> None:
    # In a process of its own, since tests register components here.
    command = [sys.executable, "-m", "nnfs_cli", "schema"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shipped = (ROOT / "configs" / "schema.json").read_text()
    assert printed == shipped, "run `nnfs schema > configs/schema.json`"


def properties(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """All properties of a schema and its sub-schemas, by path."""
    inner = (
        schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    )
    for key, value in inner:
        if key == "properties":
            yield from ((f"{where}.{name}", option) for name, option in value.items())
        yield from properties(value, f"{where}.{key}")


def test_every_option_is_described_where_editors_look_for_it() -> None:
    found = dict(properties(SCHEMA, "config"))
    assert {name for name, option in found.items() if not option.get("description")} == set()
    assert {"config.layers", "config.properties.training.epochs"} <= found.keys()
    # An option of a component, and its `type`, for each component.
    assert len(found) > sum(
        1 + len(dataclasses.fields(registry[name])) for registry in REGISTRIES for name in registry
    )


def test_a_description_may_run_over_lines_and_stand_for_several_options() -> None:
    said = option_docs(DATASETS["csv"])
    assert said["missing"].startswith("what to do about missing values: `error`, `drop` the rows, or fill in")
    assert said["missing"].endswith("A row without a target is dropped, or else an error.")
    said = option_docs(DATASETS["npz"])
    assert said["x_test"] == said["y_test"]
    assert said["x_test"].startswith("the names of the arrays of separate test rows")


def test_ranges_choices_and_defaults_are_in_the_schema() -> None:
    training = SCHEMA["properties"]["training"]["properties"]
    assert training["epochs"] == {
        "type": "integer",
        "minimum": 1,
        "description": "how often to train on all training rows.",
    }
    assert (training["ema"]["minimum"], training["ema"]["exclusiveMaximum"]) == (0, 1)
    assert SCHEMA["properties"]["layers"]["minItems"] == 1
    assert SCHEMA["properties"]["dtype"]["enum"] == ["float32", "float64"]
    assert SCHEMA["properties"]["dtype"]["default"] == "float32"


@pytest.mark.parametrize(
    "text",
    [
        CUBIC.replace("units: 8", "unit: 8"),
        CUBIC.replace("units: 8", "units: eight"),
        CUBIC.replace("tanh", "tahn"),
        CUBIC.replace("loss: mse", ""),
        CUBIC.replace("tanh", "dense"),
        BLOBS + "sead: 3\n",
        CUBIC.replace("epochs: 5", "epochs: -4"),
        CUBIC.replace("tanh", "{type: dropout, rate: 1.5}"),
        BLOBS.replace("layers: [{type: dense, units: 8}, relu, {type: dense, units: 3}]", "layers: []"),
        CUBIC.replace("tanh", "{type: residual, layers: []}"),
        CUBIC.replace("validation: 40", "validation: 1.5"),
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
    assert (
        "valid | same | integer | list of two integers, at least 0 "
        in nnfs("components", "layer", "conv2d").out
    )
    assert {entry.kind for entry in catalog("layers")} == {"layer"}


@pytest.mark.parametrize(
    ("kind", "name", "option", "words"),
    [
        ("layer", "dense", "units", "integer, at least 1"),
        ("layer", "dropout", "rate", "number, at least 0 and below 1"),
        ("layer", "max_pool2d", "stride", "integer | list of two integers, at least 1 | null"),
        ("layer", "padding2d", "padding", "integer, at least 0 | list of integers, at least 0, length from 1 to 4"),
        ("layer", "residual", "layers", "list of layers, length at least 1"),
        ("layer", "batch_norm", "momentum", "number, from 0 to 1"),
        ("loss", "cross_entropy", "class_weights", "list of numbers, above 0"),
        ("dataset", "csv", "test", "text | integer, at least 0 | number, at least 0 and below 1"),
        ("dataset", "csv", "augment", "mapping"),
    ],
)  # fmt: skip
def test_a_type_is_told_with_its_range(kind: str, name: str, option: str, words: str) -> None:
    (entry,) = catalog(kind, name)
    assert (option, words) in [told[:2] for told in entry.options]


def test_an_unknown_kind_or_name_is_told_with_the_nearest(nnfs: Nnfs) -> None:
    outcome = nnfs("components", "optimiser")
    assert (outcome.status, "did you mean 'optimizer'?" in outcome.err) == (2, True)
    outcome = nnfs("components", "optimizer", "adan")
    assert (outcome.status, "did you mean 'adam'?" in outcome.err) == (2, True)


PAIRS: list[Any] = [
    0,
    -1,
    [0, 1],
    [1, -2],
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
    except ConfigError:
        # Beyond the schema are a gap between lengths, and one between -1 and 1.
        refused = (layer, value) not in (("padding2d", [1, 2, 3]), ("reshape", [0, 1]))
    else:
        refused = False
    config = {**yaml.safe_load(CUBIC), "layers": [{"type": layer, **options}]}
    assert bool(mistakes(config)) == refused
