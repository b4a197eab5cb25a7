"""What training says of networks that cannot learn, and of inputs and targets far from 1."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.config.load import load_config, parse_config
from nnfs_cli.core.errors import DivergenceError, NnfsError
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.learning import learning_notes
from nnfs_cli.training.loading import load_data
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import EpochReport
from tests.conftest import Nnfs
from tests.toys import BARS, BLOBS, CUBIC, ROOT, toy

ZEROS = ("layers.0.init=zeros", "layers.2.init=zeros")


def notes(experiment: Experiment) -> list[str]:
    """All notes of a training's epochs."""
    return [note for report in train(experiment) if isinstance(report, EpochReport) for note in report.notes]


@pytest.mark.parametrize("engine", ["plain", "fast"])
@pytest.mark.parametrize(
    ("text", "overrides", "layers", "reason"),
    [
        (BLOBS, ZEROS, "0_dense", "0_dense/W, 2_dense/W hold only zeros"),
        (BLOBS, (*ZEROS, "layers.1=tanh"), "0_dense", "0_dense/W, 2_dense/W hold only zeros"),
        (BLOBS, ("layers.0.init=zeros",), "0_dense", "0_dense/W holds only zeros"),
        (BLOBS, ("optimizer.learning_rate=3e3", "training.epochs=20"), "0_dense", "dead or saturated"),
        (BLOBS, (*ZEROS, "regularizer=l2", "optimizer=adam"), "0_dense", "hold only zeros"),
        (BARS, ("layers.1.init=zeros",), "1_conv2d, 4_conv2d", "1_conv2d/W holds only zeros"),
    ],
)
def test_a_layer_that_no_gradient_reaches_is_named_once_with_the_reason(
    text: str, overrides: tuple[str, ...], layers: str, reason: str, engine: Any
) -> None:
    said = [note for note in notes(toy(text, *overrides, engine=engine)) if "all gradients of" in note]
    assert len(said) == 1
    assert f"all gradients of {layers} are zero" in said[0]
    assert reason in said[0]


def test_units_that_stay_equal_are_named() -> None:
    said = notes(toy(BLOBS, *ZEROS, "layers.1=sigmoid"))
    assert said == [note for note in said if note.startswith("all units of 0_dense are equal, and stay so")]
    assert len(said) == 1


@pytest.mark.parametrize("text", [CUBIC, BLOBS, BARS])
def test_a_look_at_the_gradients_changes_nothing(text: str) -> None:
    changed = text.replace("tanh", "batch_norm, {type: dropout, rate: 0.5}", 1) if text is CUBIC else text
    watched, left_alone = toy(changed), toy(changed)
    for experiment, looks in ((watched, True), (left_alone, False)):
        for _ in train(experiment):
            if looks:
                assert learning_notes(experiment) == []
    for name, array in watched.network.params.arrays().items():
        np.testing.assert_array_equal(array, left_alone.network.params.arrays()[name])


def test_a_network_that_makes_no_error_is_not_taken_for_one_that_cannot_learn() -> None:
    experiment = toy(BLOBS, "loss=hinge", "metrics=[accuracy]", "layers=[{type: dense, units: 3}]")
    experiment.network.params.value[...] = 0.0
    assert learning_notes(experiment) == []  # an error, and gradients
    t = experiment.data.splits["train"].t
    experiment.data.splits["train"].x[...] = np.stack([t == 0, t == 1], axis=1) * 255
    experiment.network.params.arrays()
    experiment.network.layers[0].W.value[...] = [[9, 0, 0], [0, 9, 0]]  # type: ignore[attr-defined]
    experiment.network.layers[0].b.value[...] = [-3, -3, 3]  # type: ignore[attr-defined]
    assert learning_notes(experiment) == []  # no error, and no gradients


SHIPPED = sorted(path.name for path in (ROOT / "configs").glob("*.yaml"))
NOT_HERE = {"digits-csv.yaml", "fashion-mnist.yaml"}
"""Their data are not in the repository."""
LARGE = {"mnist.yaml", "mnist-best.yaml", "mnist-cnn.yaml", "mnist-dropout.yaml"} | NOT_HERE


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in LARGE])
def test_no_shipped_config_is_warned_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    experiment = Experiment(load_config(Path("configs") / name, ["training.epochs=4"]))
    assert not [
        note for note in (*experiment.data.notes, *notes(experiment)) if "reaches" in note or "all " in note
    ]


TABLE = """
dataset: {type: csv, path: table.csv, target: t, %s}
layers: [%s {type: dense, units: 4}, relu, {type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 5}
"""


def write_table(scale: float = 1e4) -> None:
    x = np.random.default_rng(0).normal(size=(60, 6))
    x[:, 1:5] *= [scale, scale * 10, scale * 2, scale * 3]
    lines = [",".join(f"{v:.6g}" for v in (*row, row[0] - row[5])) for row in x]
    Path("table.csv").write_text("\n".join(["a,b,c,d,e,f,t", *lines]))


def reached(text: str) -> list[str]:
    return [note for note in load_data(parse_config(text, "table")).notes if "reaches" in note]


def test_columns_far_from_1_are_named_with_the_option_that_is_off(nnfs: Nnfs) -> None:
    write_table()
    (note,) = reached(TABLE % ("", ""))
    assert note.startswith("column 'c' reaches ")
    assert "column 'e'" in note
    assert "column 'd'" in note
    assert "column 'b'" not in note
    assert "and 1 more, and `standardize: true` is off" in note
    assert note in nnfs("train", _saved(TABLE % ("", "")), "--dry-run").out.splitlines()


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ("standardize: true", ""),
        ("minmax: true", ""),
        ("scale: true", ""),
        ("", "batch_norm,"),
        ("", "layer_norm,"),
    ],
)
def test_columns_that_are_normalized_anyhow_are_not_named(nnfs: Nnfs, options: str, first: str) -> None:
    del nnfs
    write_table()
    assert reached(TABLE % (options, first)) == []


def test_columns_near_1_are_not_named(nnfs: Nnfs) -> None:
    del nnfs
    write_table(scale=3.0)
    assert reached(TABLE % ("", "")) == []


@pytest.mark.parametrize(
    ("x", "found"),
    [
        (
            np.arange(40.0).reshape(20, 2) * 10,
            "input x2 reaches 390, input x1 reaches 380, and `standardize: true`",
        ),
        (np.full((20, 4, 4), 255, np.uint8), "a pixel reaches 255, and `scale: true`"),
        (np.ones((20, 4, 4), np.float32), ""),
        (
            np.full((20, 2), -128, np.int8),
            "input x1 reaches 128, input x2 reaches 128, and `standardize: true`",
        ),
    ],
)
def test_arrays_far_from_1_are_told_by_their_place(tmp_path: Path, x: Any, found: str) -> None:
    np.savez(tmp_path / "a.npz", X=x, y=np.arange(20) % 2)
    layers = "[flatten, {type: dense, units: 2}]"
    text = TABLE.replace("csv, path: table.csv, target: t, %s", f"npz, path: {tmp_path / 'a.npz'}")
    text = text.replace("[%s {type: dense, units: 4}, relu, {type: dense, units: 1}]", layers)
    said = reached(text.replace("loss: mse", "loss: cross_entropy"))
    assert len(said) == bool(found)
    assert not found or said[0].startswith(found)


def test_a_divergence_names_inputs_and_targets_before_the_learning_rate(nnfs: Nnfs) -> None:
    write_table()
    _saved(TABLE % ("", ""))
    outcome = nnfs("train", "mine.yaml")
    assert outcome.status == 3
    assert "column 'c' reaches" in outcome.err
    assert "`standardize: true` is off\n  try a smaller optimizer.learning_rate" in outcome.err
    options = "standardize: true, standardize_target: false"
    experiment = Experiment(parse_config((TABLE % (options, "")).replace("target: t", "target: c"), "table"))
    with pytest.raises(DivergenceError, match="target 'c' reaches") as caught:
        list(train(experiment))
    assert "and targets are not standardized\n  try" in str(caught.value)
    assert "column" not in str(caught.value)


@pytest.mark.parametrize("option", ["standardize: false", "standardize: true"])
def test_numbers_beyond_float32_are_named_and_fit_float64(nnfs: Nnfs, option: str) -> None:
    del nnfs
    write_table(scale=1e40)
    with pytest.raises(NnfsError, match=r"'[bc]' reaches \S+e.\d+, but float32 holds at most 3\.4e.38"):
        Experiment(parse_config(TABLE % (option, ""), "table"))
    Experiment(parse_config(TABLE % (option, ""), "table", ["dtype=float64"]))


def _saved(text: str) -> str:
    Path("mine.yaml").write_text(text)
    return "mine.yaml"
