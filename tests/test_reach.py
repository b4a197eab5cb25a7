"""What a last layer can answer, and targets that suit it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import Array, Layer, Shape
from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.layers.base import ALL_REALS, output_range
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from tests.conftest import Nnfs
from tests.test_laws import LAYER_CASES
from tests.toys import CUBIC, toy

CONFIG = """
dataset: {type: csv, path: t.csv, target: y, task: regression}
layers: [{type: dense, units: 8}, tanh, {type: dense, units: 1}, LAST]
loss: mse
metrics: [r2]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 200, batch_size: 40}
"""
XOR = [(a, b, a ^ b) for a in (0, 1) for b in (0, 1)] * 10


def write(y: Array) -> Array:
    """Write t.csv with features a and b, and targets y that depend on both."""
    a = np.linspace(-1, 1, len(y))
    lines = [f"{u:.4f},{u * u:.4f},{v:.4f}\n" for u, v in zip(a, y, strict=True)]
    Path("t.csv").write_text("a,b,y\n" + "".join(lines))
    return y


def write_xor() -> None:
    Path("t.csv").write_text("a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in XOR))


def experiment(last: str, *overrides: str) -> Experiment:
    return Experiment(parse_config(CONFIG.replace("LAST", last), "t.yaml", overrides))


def trained(last: str, *overrides: str) -> Experiment:
    made = experiment(last, *overrides)
    for _ in train(made):
        pass
    return made


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def answers(name: str, options: Any, shape: Shape, x: Array) -> Array:
    network = Network([create(Layer, name, options)], shape, "float64")
    network.use_draws(Draws(1))
    network.initialize(np.random.default_rng(2))
    workspace = Workspace(network, len(x))
    workspace.x[...] = x
    workspace.infer()
    return workspace.y.copy()


@pytest.mark.parametrize(("name", "options", "shape"), LAYER_CASES)
def test_a_layers_outputs_lie_in_the_range_that_it_names(name: str, options: Any, shape: Shape) -> None:
    rng = np.random.default_rng(3)
    for low, high in (ALL_REALS, (0.0, math.inf), (-math.inf, 0.0), (-0.5, 2.0), (1.0, 3.0)):
        named = create(Layer, name, options).output_range((low, high))
        for size in (0.1, 3.0, 50.0):
            y = answers(name, options, shape, np.clip(size * rng.normal(size=(200, *shape)), low, high))
            assert named[0] - 1e-12 <= y.min()
            assert y.max() <= named[1] + 1e-12


@pytest.mark.parametrize(
    "name", ["sigmoid", "hard_sigmoid", "tanh", "relu", "softplus", "elu", "selu", "gelu", "silu", "mish"]
)
def test_an_activations_range_is_no_wider_than_its_answers(name: str) -> None:
    y = answers(name, {}, (1,), np.linspace(-50, 50, 20001)[:, np.newaxis])
    low, high = create(Layer, name, {}).output_range(ALL_REALS)
    assert (low, high) != ALL_REALS
    assert y.min() == pytest.approx(low, abs=2e-4)
    assert y.max() == pytest.approx(high, abs=1e-9) if math.isfinite(high) else y.max() > 40


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["sigmoid", "flatten", "dropout"], (0.0, 1.0)),
        (["relu", "max_pool2d", "global_avg_pool2d"], (0.0, math.inf)),
        (["tanh", "relu"], (0.0, 1.0)),
        (["relu", {"type": "residual", "layers": ["sigmoid"]}], (0.0, math.inf)),
        (["sigmoid", {"type": "dense", "units": 1}], ALL_REALS),
        (["relu", {"type": "leaky_relu"}], (0.0, math.inf)),
        ([{"type": "leaky_relu", "negative_slope": 0.0}], (0.0, math.inf)),
        (["tanh", "batch_norm"], ALL_REALS),
    ],
)
def test_ranges_follow_from_layer_to_layer(layers: list[Any], expected: tuple[float, float]) -> None:
    options = [each if isinstance(each, dict) else {"type": each} for each in layers]
    stack = [create(Layer, each["type"], {k: v for k, v in each.items() if k != "type"}) for each in options]
    assert output_range(stack) == expected


@pytest.mark.parametrize("last", ["sigmoid", "hard_sigmoid", "relu", "softplus"])
def test_xor_is_learned_below_a_last_layer_with_bounds(last: str) -> None:
    write_xor()
    made = trained(last, "seed=3")
    assert evaluate(made, "train").scores["r2"] > 0.9
    assert any("not standardized: " in note for note in made.data.notes)


@pytest.mark.parametrize("last", ["relu", "softplus", "elu"])
def test_large_targets_are_divided_so_that_a_last_layer_without_upper_bound_learns_them(last: str) -> None:
    y = write(1e6 * np.linspace(-1, 1, 60) ** 2)
    made = trained(last)
    assert evaluate(made, "train").scores["r2"] > 0.9
    assert made.preparation.targets.shift == 0.0
    assert made.preparation.targets.scale == pytest.approx(1 / y.max())


@pytest.mark.parametrize("last", ["leaky_relu", "{type: prelu}", "dropout"])
def test_targets_are_standardized_where_the_last_layer_answers_any_number(last: str) -> None:
    y = write(np.linspace(3, 9, 40))
    made = experiment(last)
    assert made.preparation.targets.shift == pytest.approx(y.mean())
    assert not any("targets:" in note for note in made.data.notes)


def test_standardized_targets_that_a_last_layer_cannot_answer_are_refused_if_asked_for() -> None:
    write_xor()
    with pytest.raises(NnfsError, match=r"standardize_target: must be auto or false, since sigmoid, the"):
        experiment("sigmoid", "dataset.standardize_target=true")
    assert experiment("sigmoid", "dataset.standardize_target=false").preparation.targets.is_identity


@pytest.mark.parametrize("last", ["sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("standardize", ["auto", "false"])
def test_targets_far_beyond_what_the_last_layer_answers_are_refused(last: str, standardize: str) -> None:
    write(np.linspace(0, 50, 40))
    with pytest.raises(
        NnfsError, match=rf"layers\[3\]: {last}, the last layer, allows only predictions from -?\d to 1"
    ):
        experiment(last, f"dataset.standardize_target={standardize}")


def test_targets_that_are_partly_out_of_reach_are_told() -> None:
    write(np.linspace(-5, 10, 61))
    (note,) = [note for note in experiment("relu").data.notes if "misses" in note]
    assert "misses 20 of 61 training targets, which go from -5 to 10" in note


def test_a_reach_is_told_in_the_targets_own_units() -> None:
    write(np.linspace(-4, 10, 71))
    assert not any("misses" in note for note in experiment("elu").data.notes)
    (note,) = [note for note in experiment("gelu").data.notes if "misses" in note]
    assert "from -1.701 up, and misses 12 of 71 training targets, which go from -4 to 10" in note


@pytest.mark.parametrize(
    ("last", "loss", "missed"), [("relu", "poisson", 20), ("tanh", "binary_cross_entropy", 80)]
)
def test_bounds_hold_for_predictions_of_losses_with_units_of_their_own(
    last: str, loss: str, missed: int
) -> None:
    y = np.arange(40) % 2
    Path("t.csv").write_text("a,y,q\n" + "".join(f"{i},{k},{1 - k}\n" for i, k in enumerate(y)))
    config = CONFIG.replace("LAST", last).replace("mse", loss)
    if loss == "poisson":  # a rate is at least exp(0)
        made = Experiment(parse_config(config, "t.yaml"))
        assert f"predictions from 1 up, and misses {missed} of 40" in made.data.notes[-1]
    else:
        config = config.replace("target: y", "target: [y, q]").replace("units: 1", "units: 2")
        with pytest.raises(NnfsError, match=f"from 0.268941 to 0.731059, and misses {missed} of 80"):
            Experiment(parse_config(config, "t.yaml"))


def test_made_up_data_have_the_same_rule() -> None:
    with pytest.raises(NnfsError, match=r"layers\[3\]: sigmoid, .* misses \d+ of \d+ training targets"):
        toy(CUBIC.replace("units: 1}", "units: 1}, sigmoid"))


def test_arrays_have_the_same_rule_and_classes_none() -> None:
    x = np.random.default_rng(4).normal(size=(40, 2))
    np.savez("a.npz", X=x, y=np.abs(x[:, 0]))
    config = CONFIG.replace(
        "{type: csv, path: t.csv, target: y, task: regression}", "{type: npz, path: a.npz}"
    )
    made = Experiment(parse_config(config.replace("LAST", "relu"), "t.yaml"))
    assert made.preparation.targets.scale == pytest.approx(1 / np.abs(x[:, 0]).max())
    np.savez("a.npz", X=x, y=(x[:, 0] > 0).astype(int))
    classes = config.replace("units: 1", "units: 2").replace("LAST", "sigmoid").replace("r2", "accuracy")
    assert Experiment(parse_config(classes, "t.yaml")).data.notes[1:] == ()


def test_a_run_answers_as_its_training_targets_were_prepared(nnfs: Nnfs) -> None:
    write(np.linspace(0, 8, 40))
    Path("c.yaml").write_text(CONFIG.replace("LAST", "relu").replace("epochs: 200", "epochs: 30"))
    assert nnfs("train", "c.yaml", "--id", "r").status == 0
    first = nnfs("evaluate", "r", "--split", "train").out
    assert "standardize_target: auto" in Path("runs/r/config.yaml").read_text()
    assert nnfs("train", "runs/r/config.yaml", "--id", "again").status == 0
    assert nnfs("evaluate", "again", "--split", "train").out.splitlines()[1:3] == first.splitlines()[1:3]
    answers = [float(line) for line in nnfs("predict", "r", "t.csv").out.splitlines()[1:]]
    assert min(answers) >= 0
    assert max(answers) > 5
