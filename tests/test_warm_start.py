"""`warm_start`: a training that begins with another run's weights, on inputs prepared as that run's were."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.warm_start import starting_preparation
from tests.conftest import Nnfs
from tests.toys import toy_config

TEXT = """
dataset: {type: csv, path: first.csv, target: t, standardize: true, missing: mean}
layers: [{type: dense, units: 4}, tanh, {type: dense, units: auto}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 3, batch_size: 16}
"""


def table(name: str, classes: str = "ab", shift: float = 0.0, colors: str = "rgb", seed: int = 0) -> None:
    """A table of 60 rows: x, a color, and the target; with a gap in x."""
    rng = np.random.default_rng(seed)
    rows = [
        f"{rng.normal(shift, 1 + shift):.4f},{colors[i % len(colors)]},{classes[i % len(classes)]}"
        for i in range(60)
    ]
    rows[7] = f",{colors[0]},{classes[7 % len(classes)]}"
    Path(name).write_text("\n".join(["x,color,t", *rows]) + "\n")


@pytest.fixture
def first(nnfs: Nnfs) -> Path:
    """A run, and the config a.yaml of a second one, which starts from it, on data of another scale."""
    table("first.csv")
    Path("first.yaml").write_text(TEXT)
    outcome = nnfs("train", "first.yaml", "--id", "first", "-q")
    assert outcome.status == 0, outcome.err
    table("second.csv", shift=5.0, seed=1)
    Path("a.yaml").write_text(TEXT.replace("first.csv", "second.csv") + "warm_start: runs/first\n")
    return Path("runs/first")


def summary(run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("runs", run, "summary.json").read_text())
    return found


def test_inputs_mean_what_they_meant_in_that_run(nnfs: Nnfs, first: Path) -> None:
    outcome = nnfs("train", "a.yaml", "--id", "second", "-q", "--set", "optimizer.learning_rate=1e-30")
    assert outcome.status == 0, outcome.err
    runs = RunDirectory(first), RunDirectory(Path("runs/second"))
    assert runs[0].preparation().agrees_with(runs[1].preparation())
    assert runs[0].preparation().columns == runs[1].preparation().columns, "fill values and categories"
    for name, array in runs[0].arrays("weights.npz").items():
        np.testing.assert_allclose(runs[1].arrays("weights.npz")[name], array, rtol=1e-6)
    Path("rows.csv").write_text("x,color\n0.5,r\n9,b\n,g\n")
    said = [nnfs("predict", name, "rows.csv", "--output", f"{name}.csv") for name in ("first", "second")]
    assert [each.status for each in said] == [0, 0]
    assert Path("first.csv").read_text() == Path("second.csv").read_text()


def test_the_run_repeats_resumes_and_evaluates_without_the_one_it_started_from(
    nnfs: Nnfs, first: Path
) -> None:
    assert nnfs("train", "a.yaml", "--id", "whole", "-q", "--set", "training.epochs=5").status == 0
    assert nnfs("train", "a.yaml", "--id", "parts", "-q").status == 0
    for name in ("weights.npz", "preparation.json", "config.yaml"):
        (first / name).unlink()
    assert nnfs("resume", "parts", "--epochs", "5", "-q").status == 0
    assert nnfs("train", "runs/parts/config.yaml", "--id", "again", "-q").status == 0
    for name in ("parts", "again"):
        assert Path("runs", name, "steps.csv").read_bytes() == Path("runs/whole/steps.csv").read_bytes()
        assert Path("runs", name, "weights.npz").read_bytes() == Path("runs/whole/weights.npz").read_bytes()
    assert nnfs("evaluate", "parts").status == 0
    assert sum("training starts from" in note for note in summary("parts")["notes"]) == 1


@pytest.mark.usefixtures("first")
def test_the_flag_from_is_short_for_it(nnfs: Nnfs) -> None:
    assert nnfs("train", "a.yaml", "--id", "one", "-q").status == 0
    Path("b.yaml").write_text(TEXT.replace("first.csv", "second.csv"))
    assert nnfs("train", "b.yaml", "--from", "first", "--id", "two", "-q").status == 0
    assert Path("runs/one/steps.csv").read_bytes() == Path("runs/two/steps.csv").read_bytes()


def test_weights_that_are_in_no_run_come_without_a_preparation(first: Path) -> None:
    Path("mine").mkdir()
    Path("mine/w.npz").write_bytes((first / "weights.npz").read_bytes())
    experiment = Experiment(toy_config(TEXT, ["warm_start=mine/w.npz"]))
    fitted = Experiment(toy_config(TEXT))
    assert experiment.preparation.agrees_with(fitted.preparation)
    assert (experiment.network.params.value != fitted.network.params.value).any()


def test_earlier_runs_and_configs_that_name_initial_weights_keep_their_meaning(
    nnfs: Nnfs, first: Path
) -> None:
    Path("b.yaml").write_text(TEXT.replace("first.csv", "second.csv") + "initial_weights: runs/first\n")
    assert nnfs("train", "b.yaml", "--id", "one", "-q").status == 0
    assert "warm_start: initial_weights.npz" in Path("runs/one/config.yaml").read_text()
    old = Path("runs/one/config.yaml")
    old.write_text(
        old.read_text().replace("warm_start: ", "initial_weights: ").replace("redraw: false\n", "")
    )
    Path("runs/one/initial_preparation.json").unlink()
    experiment = Experiment(RunDirectory(Path("runs/one")).config())
    own = Experiment(toy_config(TEXT.replace("first.csv", "second.csv")))
    assert experiment.preparation.agrees_with(own.preparation), "it was fitted to the data then"
    np.testing.assert_equal(experiment.network.params.arrays(), RunDirectory(first).arrays("weights.npz"))


def test_other_classes_are_refused_and_with_redraw_their_layer_is_drawn_anew(nnfs: Nnfs, first: Path) -> None:
    table("second.csv", classes="xyz", shift=5.0)
    outcome = nnfs("train", "a.yaml")
    assert outcome.status == 2
    assert (
        "warm_start: runs/first tells apart a, b, but these data have x, y, z; `redraw: true` draws"
        in outcome.err.replace(str(Path().resolve()) + "/", "")
    )
    assert not Path("runs/a").exists()
    outcome = nnfs("train", "a.yaml", "--id", "second", "--set", "redraw=true")
    assert outcome.status == 0, outcome.err
    assert "drawn anew, since they are not in weights.npz with this shape: 2_dense" in " ".join(
        outcome.out.split()
    )
    start = Experiment(RunDirectory(Path("runs/second")).config())
    then = RunDirectory(first).arrays("weights.npz")
    np.testing.assert_array_equal(start.network.params.arrays()["0_dense/W"], then["0_dense/W"])
    assert start.data.classes == ("x", "y", "z")
    np.testing.assert_allclose(start.preparation.inputs.shift, RunDirectory(first).preparation().inputs.shift)
    assert nnfs("resume", "second", "--epochs", "4", "-q").status == 0
    Path("rows.csv").write_text("x,color\n0.5,r\n")
    assert nnfs("predict", "second", "rows.csv").status == 0


@pytest.mark.usefixtures("first")
def test_fewer_classes_than_that_run_has_keep_their_numbers(nnfs: Nnfs) -> None:
    table("second.csv", classes="b", shift=1.0)
    Path("second.csv").write_text(Path("second.csv").read_text() + "1.5,r,a\n")
    assert nnfs("train", "a.yaml", "--id", "second", "-q").status == 0
    assert summary("second")["classes"] == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["layers.0.units=5"], "0_dense/W: the network has shape (4, 5), the file has shape (4, 4)"),
        (["layers.0.units=5"], "`redraw: true` draws these layers anew, and takes the others"),
        (["dataset.features=[x]"], "has learned from the columns x, color, but these data have x; `dataset.features` chooses columns"),
        (["warm_start=nowhere"], "no such file"),
        (["redraw=true", "layers=[flatten, {type: dense, units: 7}, relu, {type: dense, units: auto}]"], "has no layer that is of the same shape here"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("first")
def test_what_does_not_fit_is_told(nnfs: Nnfs, changes: list[str], message: str) -> None:
    outcome = nnfs("train", "a.yaml", *(part for change in changes for part in ("--set", change)))
    assert outcome.status == 2
    assert message in outcome.err


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"input_shape": [3]}', "x" * 10])
def test_a_damaged_preparation_is_told(nnfs: Nnfs, first: Path, content: str) -> None:
    (first / "preparation.json").write_text(content)
    outcome = nnfs("train", "a.yaml")
    assert outcome.status == 2
    assert "preparation.json cannot be read" in outcome.err


def test_edited_weights_and_a_lost_preparation_are_told_and_a_copy_is_taken_alone(
    first: Path, tmp_path: Path
) -> None:
    config = replace(RunDirectory(first).config(), warm_start=str(first))
    file = first / "weights.npz"
    arrays = dict(np.load(file))
    whole = file.read_bytes()
    np.savez(file, **{name: array + 1 for name, array in arrays.items()})
    with pytest.raises(NnfsError, match=r"warm_start: .*weights\.npz: damaged or edited: it has no checksum"):
        Experiment(config).warm_start()
    file.write_bytes(whole)
    (first / "preparation.json").unlink()
    with pytest.raises(NnfsError, match=r"has no preparation\.json any more"):
        Experiment(config)
    copy = tmp_path / "copy.npz"
    np.savez(copy, **arrays)
    alone = Experiment(replace(config, warm_start=str(copy)))
    alone.warm_start()
    assert "inputs are prepared anew: copy.npz alone" in alone.data.notes[-1]


def test_an_edited_preparation_is_told(first: Path) -> None:
    file = first / "preparation.json"
    file.write_text(file.read_text().replace("0.", "1.", 1))
    with pytest.raises(NnfsError, match=r"warm_start: .*preparation\.json cannot be read: damaged or edited"):
        starting_preparation(replace(RunDirectory(first).config(), warm_start=str(first)))


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("command", ["doctor --only start-loss", "explain", "data describe", "lr-find"])
def test_every_command_prepares_the_data_as_training_does(nnfs: Nnfs, command: str) -> None:
    table("second.csv", colors="bg", shift=5.0)  # one category less
    outcome = nnfs(*command.split(), "a.yaml")
    assert outcome.status in (0, 1), outcome.err
    if command == "data describe":
        assert "each of shape (4)" in outcome.out, "x, and the three colors of the first table"
