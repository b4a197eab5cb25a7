"""Common slips in configs: each is told with what to write instead, which then is right."""

import pytest

from nnfs_cli.config.catalog import REGISTRIES, catalog
from nnfs_cli.config.load import parse_config
from nnfs_cli.config.slips import ALIASES, SYNONYMS, alias, as_component
from nnfs_cli.core.errors import ConfigError
from nnfs_cli.layers.base import LAYERS
from tests.conftest import Nnfs
from tests.toys import CUBIC


def mistakes(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "t.yaml")
    assert len(caught.value.mistakes) == 1, caught.value
    return str(caught.value.mistakes[0])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("epochs: 3", "epochs: a config has no option 'epochs'; write it under `training`"),
        ("batch_size: 3", "write it under `training`"),
        ("lr: 0.1", "write it under `optimizer`"),
        ("learning_rate: 0.1", "write it under `optimizer`"),
        ("validation_split: 0.1", "write it under `dataset`"),
        ("random_state: 3", "did you mean 'seed'?"),
        ("regularizer: none", "regularizer: must be null to have none, found 'none'; write null"),
        ("metrics: [accuracy_score]", "metrics[0]: no metric 'accuracy_score'; did you mean 'accuracy'?"),
        ("metrics: [mean_squared_error]", "did you mean 'rmse'?"),
    ],
)
def test_an_option_in_the_wrong_place_is_told_where_it_belongs(line: str, told: str) -> None:
    text = CUBIC.replace("metrics: [rmse, r2]\n", "") if line.startswith("metrics") else CUBIC
    assert told in mistakes(f"{text}{line}\n")


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("{type: dense, units: 8, activation: relu}", "dense has no option 'activation'; add the layer `relu` after it"),
        ("{type: dense, units: 8, input_shape: [3]}", "'input_shape'; leave it out: nnfs finds it in the data"),
        ("{type: dense, neurons: 8}", "dense has no option 'neurons'; did you mean 'units'?"),
        ("{dropout: 0.5}", "found {'dropout': 0.5}; write {type: dropout, rate: 0.5}"),
        ("{dense: 32}", "write {type: dense, units: 32}"),
        ("{dense: {units: 3, bias: false}}", "write {type: dense, units: 3, bias: false}"),
        ("{Dense: 3, bias: false}", "write {type: dense, units: 3, bias: false}"),
        ("{relu: }", "write relu"),
        ("{name: dense, units: 8}", "write {type: dense, units: 8}"),
        ("dense(32)", "no layer 'dense(32)'; write {type: dense, units: 32}"),
        ("Linear", "no layer 'Linear'; did you mean 'dense'?"),
        ("{type: Conv2D, filters: 8}", "did you mean 'conv2d'?"),
        ("BatchNormalization", "did you mean 'batch_norm'?"),
        ("LeakyReLU", "did you mean 'leaky_relu'?"),
        ("{type: dense, units: 8, bias: no}", "bias: must be true or false, found 'no'; write false"),
        ("{type: dense, units: 8, bias: ON}", "found 'ON'; write true"),
        ("{type: dense, units: 1_000}", "units: must be an integer or 'auto', found '1_000'; write 1000"),
        ("{type: dense, units: '10'}", "found '10'; write 10"),
        ("{type: dropout, rate: '0,5'}", "rate: must be a number, found '0,5'; write 0.5"),
        ("{type: dense, units: 1:30}", "units: must be an integer or 'auto', found '1:30'"),
    ],
)  # fmt: skip
def test_a_slip_in_a_layer_is_told(layer: str, told: str) -> None:
    assert told in mistakes(CUBIC.replace("tanh", layer))


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("crossentropy", "cross_entropy"), ("categorical_crossentropy", "cross_entropy"), ("MSELoss", "mse"),
        ("BCEWithLogitsLoss", "binary_cross_entropy"), ("SmoothL1Loss", "huber"), ("MeanAbsoluteError", "mae"),
    ],
)  # fmt: skip
def test_a_loss_of_another_library_is_known(loss: str, name: str) -> None:
    assert (
        mistakes(CUBIC.replace("loss: mse", f"loss: {loss}"))
        == f"loss: no loss {loss!r}; did you mean {name!r}?"
    )


def test_every_alias_and_synonym_names_something_that_exists() -> None:
    assert set(ALIASES) <= {name for registry in REGISTRIES for name in registry}
    options = {option for entry in catalog() for option, _, _ in entry.options}
    top = {"epochs", "batch_size", "patience", "loss", "dataset", "layers", "seed"}
    assert set(SYNONYMS) <= options | top


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_a_components_own_name_stays_its_own(registry: type) -> None:
    assert all(alias(name, registry) == name for name in registry)  # type: ignore[attr-defined,arg-type]


@pytest.mark.parametrize("spec", [None, 3, [], {}, "", "???", {3: 4}, {"units": 3}])
def test_what_was_meant_by_nonsense_is_not_guessed(spec: object) -> None:
    assert as_component(spec, LAYERS) == ""


def test_a_component_is_shown_by_its_name_alone(nnfs: Nnfs) -> None:
    assert nnfs("components", "dense").out.startswith("layer dense\n")
    out = nnfs("components", "mae").out
    assert "loss mae\n" in out
    assert "metric mae\n" in out
    outcome = nnfs("components", "dens")
    assert (outcome.status, outcome.err) == (
        2,
        "nnfs: no kind of component, and no component, 'dens'; did you mean 'dense'?\n",
    )
